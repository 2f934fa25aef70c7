// What people see of a session: its row and its events. Both wait for MongoDB as long as the session is held.
import type { EventType } from '../../shared/model/event.ts'
import type { SessionStatus } from '../../shared/model/session.ts'
import type { EventAppender } from '../../shared/store/events.ts'
import type { SessionPatch, SessionStore } from '../../shared/store/sessions.ts'

export type Reporter = {
  report(patch: SessionPatch): Promise<void>
  /** With a `key` at most once in the stream. */
  announce(type: EventType, data: Record<string, unknown>, key?: string): Promise<void>
  lastStatus(): SessionStatus | undefined
}

export function createReporter(
  sessionId: string,
  sessions: SessionStore,
  appender: EventAppender,
  wait: <T>(step: () => Promise<T>) => Promise<T>,
): Reporter {
  let status: SessionStatus | undefined
  return {
    async report(patch) {
      if (patch.status) status = patch.status
      await wait(() => sessions.update(sessionId, patch))
    },
    async announce(type, data, key) {
      const event = { type, data: { sessionId, ...data }, ...(key === undefined ? {} : { key }) }
      await wait(() => appender.append([event]))
    },
    lastStatus: () => status,
  }
}
