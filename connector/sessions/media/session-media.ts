// A session's files: what arrives is fetched by itself as far as its settings say, and anything on demand. What is to be
// fetched stands in the rows, so that a crash forgets none of it; how many at a time is one number for the whole connector.
import {
  isFetchedByItself,
  toFetchedAtMost,
  type DownloadMedia,
  type MessageMedia,
} from '../../../shared/model/media.ts'
import { toMessageView, type Message } from '../../../shared/model/message.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Session } from '../../../shared/model/session.ts'
import { LeaseLost } from '../../../shared/store/auth-log.ts'
import { patiently } from '../../patiently.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import type { MediaPlace } from '../../whatsapp/media-place.ts'
import type { Outside } from '../../outside/open-outside.ts'
import { createWake } from '../../wake.ts'
import type { ConnectGate } from '../connect-gate.ts'
import { toFactKey, toPeople, type RecordContext } from '../record/context.ts'
import { whereItStands } from '../record/where-it-stands.ts'
import type { SessionMedia } from './files.ts'
import type { Ffmpeg } from './ffmpeg.ts'
import { previewPage } from './preview-page.ts'
import { readyMedia } from './ready-media.ts'
import { storeMedia, toFetchFault } from './store-media.ts'

/** What all sessions of a connector share. */
export type MediaLimits = {
  /** Files on their way at once. */
  gate: ConnectGate
  /** Bytes; larger files are neither fetched nor sent. */
  maxBytes: number
  /** The way to addresses that callers name. */
  outside: Pick<Outside, 'vet' | 'dispatcher'>
  /** Absent: there is none on this machine. */
  ffmpeg?: Ffmpeg | undefined
  /** Where a session's files lie. Absent: at WhatsApp. */
  placeOf: (session: Session) => MediaPlace | undefined
}

export type SessionMediaOptions = {
  context: RecordContext
  limits: Omit<MediaLimits, 'placeOf'>
  signal: AbortSignal
  onError: (error: unknown, messageId: string) => void
}

const idleMs = 300_000
const batch = 20
const maxAttempts = 8
/** Rest after a try that failed, ms, doubled each time. */
const firstRestMs = 2_000
const longestRestMs = 600_000

export function createSessionMedia(options: SessionMediaOptions): SessionMedia {
  const { context, limits, signal } = options
  const { store, sessionId } = context
  const wake = createWake()
  const underWay = new Map<string, Promise<Message>>()
  let connection: Connection | undefined
  let policy: DownloadMedia | undefined

  /** A place at the gate, and the connection as it is then. */
  async function atGate<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const leave = await limits.gate.enter(signal)
    try {
      if (!connection) throw new Problem('session.not_connected')
      return await work(connection)
    } finally {
      leave()
    }
  }

  function fetch(row: Message, maxBytes = limits.maxBytes): Promise<Message> {
    const known = underWay.get(row._id)
    if (known) return known
    const fetching = atGate((current) =>
      storeMedia({ record: context, connection: current, maxBytes, signal }, row),
    ).finally(() => underWay.delete(row._id))
    underWay.set(row._id, fetching)
    return fetching
  }

  async function fetchPlanned(row: Message): Promise<void> {
    try {
      await fetch(row, Math.min(limits.maxBytes, toFetchedAtMost(policy)))
    } catch (error) {
      if (signal.aborted || error instanceof LeaseLost) throw error
      if (!row.media) return
      const { code, reason, isFinal } = toFetchFault(error)
      // It uses up no try: there is no connection to try it over.
      if (code === 'session.not_connected' || !connection) return
      const attempts = (row.media.attempts ?? 0) + 1
      if (!isFinal) options.onError(error, row.messageId)
      const { fetchAt: _fetchAt, ...media } = row.media
      const restMs = Math.min(longestRestMs, firstRestMs * 2 ** attempts)
      const next: MessageMedia =
        isFinal || attempts >= maxAttempts
          ? { ...media, attempts, state: 'failed', error: { code, reason } }
          : { ...media, attempts, fetchAt: new Date(Date.now() + restMs) }
      // The event first: once the row says so, nobody looks at it again.
      if (next.state === 'failed')
        await context.appender.append([
          {
            type: 'message.media_failed',
            key: toFactKey('message.media_failed', row._id),
            data: { ...toMessageView({ ...row, media: next }), ...toPeople([row.sender]) },
          },
        ])
      await whereItStands(context, row._id, (at) => store.messages.setMedia(at, next))
    }
  }

  /** Ms until there is something to do. */
  async function step(): Promise<number> {
    if (!connection) return idleMs
    const rows = await patiently(() => store.messages.toFetch(sessionId, batch), { signal })
    const now = Date.now()
    const due = rows.filter(({ media }) => (media?.fetchAt?.getTime() ?? 0) <= now)
    await Promise.all(due.map(fetchPlanned))
    if (due.length > 0) return 0
    const next = rows[0]?.media?.fetchAt?.getTime()
    return next === undefined ? idleMs : Math.max(0, next - now)
  }

  return {
    use(current) {
      connection = current
      if (current) wake.ring('open')
    },
    setPolicy: (settings) => void (policy = settings),
    planned: (media) => (isFetchedByItself(media, policy) ? { ...media, fetchAt: new Date() } : media),
    ring: () => wake.ring('message'),
    fetch: (row) => fetch(row),
    ready: (messageId, content) =>
      readyMedia({ ...limits, record: context, slowly: atGate, signal }, messageId, content),
    preview: (url) => previewPage(limits.outside, url, signal),
    async run() {
      while (!signal.aborted) {
        try {
          await wake.sleep(await step(), signal)
        } catch (error) {
          if (signal.aborted || error instanceof LeaseLost) throw error
          options.onError(error, '')
          await wake.sleep(firstRestMs, signal)
        }
      }
    },
  }
}
