// WhatsApp's lock on writing to new contacts (463): since when it holds, until when, and what is told of it.
import type { OutreachLock } from '../../../shared/model/session.ts'

/** What WhatsApp says of it by itself. `until` is absent when it names no time. */
export type OutreachNews = { isActive: boolean; until?: Date }

export type Outreach = {
  isLocked(): boolean
  /** Infinity when there is no lock, 0 when its end is still to be told, ms. */
  msUntilEnd(): number
  /** WhatsApp has refused a message with 463. The lock holds at once; resolves when it is kept. */
  refused(): Promise<void>
  /** WhatsApp says how it is. Its word replaces a guess, but that nothing is locked does not lift one. */
  told(news: OutreachNews): Promise<void>
  /** What stands in the session's row; a step that a crash cut short is finished. */
  load(stored: OutreachLock | undefined): Promise<void>
  /** Ends a lock whose time is over; no-op otherwise. */
  endIfOver(): Promise<void>
  /** The link is gone, and the next phone may be another account. */
  forget(): Promise<void>
  /** Resolves when everything so far is kept. */
  kept(): Promise<void>
}

export type OutreachOptions = {
  /** Epoch ms. */
  now: () => number
  /** Into the session's row. */
  keep: (lock: OutreachLock) => Promise<void>
  /** At most once per key. */
  announce: (
    type: 'session.outreach_locked' | 'session.outreach_unlocked',
    data: Record<string, unknown>,
    key: string,
  ) => Promise<void>
  /** There is something new for who waits. */
  onChange: () => void
}

/** A 463 names no time: an hour at first, twice as long whenever it comes again within a day, at most a day. */
const firstMs = 3_600_000
const longestMs = 86_400_000
/** Where a notification names no end, rc14 says a minute from now (Socket/messages-recv.js): that shortens no lock. */
const vagueMs = 61_000

export function createOutreach({ now, keep, announce, onChange }: OutreachOptions): Outreach {
  let lock: OutreachLock | undefined
  let written: Promise<void> = Promise.resolve()

  const stands = () => lock !== undefined && !lock.isOver
  const untilMs = () => lock?.until.getTime() ?? 0
  const isLocked = () => stands() && untilMs() > now()
  const isSoonAfter = () => lock !== undefined && now() - untilMs() < longestMs
  const repeats = () => (isSoonAfter() ? (lock?.repeats ?? 0) : 0)

  /** One after another, so that row and feed tell of the same steps in the same order. */
  function write(step: () => Promise<void>): Promise<void> {
    const turn = written.then(step)
    written = turn.catch(() => undefined) // Its failure is its caller's.
    return turn
  }

  const tellBegun = ({ until, by, revision }: OutreachLock) =>
    announce('session.outreach_locked', { until, by }, `session.outreach_locked/${revision}`)

  function begin(until: number, by: OutreachLock['by'], count: number): Promise<void> {
    const isNews = !stands() || until !== untilMs()
    const revision = (lock?.revision ?? 0) + (isNews ? 1 : 0)
    const next: OutreachLock = { until: new Date(until), by, repeats: count, revision, isOver: false }
    lock = next
    onChange()
    return write(async () => {
      await keep(next)
      if (isNews) await tellBegun(next)
    })
  }

  function end(standing: OutreachLock): Promise<void> {
    const ended = { ...standing, until: new Date(Math.min(untilMs(), now())), isOver: true }
    lock = ended
    onChange()
    return write(async () => {
      // The row comes last: cut short in between, the next owner ends it again, and tells nothing twice.
      await announce('session.outreach_unlocked', {}, `session.outreach_unlocked/${ended.revision}`)
      await keep(ended)
    })
  }

  return {
    isLocked,
    msUntilEnd: () => (stands() ? Math.max(0, untilMs() - now()) : Infinity),
    async load(stored) {
      lock = stored
      if (!stored || stored.isOver) return
      await (isLocked() ? write(() => tellBegun(stored)) : end(stored))
    },
    refused() {
      // What was under way when the lock began is refused as well, and says nothing new.
      if (isLocked()) return written
      const count = isSoonAfter() ? repeats() + 1 : 0
      return begin(now() + Math.min(longestMs, firstMs * 2 ** count), 'guess', count)
    },
    async told({ isActive, until }) {
      const named = until?.getTime() ?? now() + firstMs
      const isVague = until === undefined || (named > now() && named - now() <= vagueMs)
      const endMs = isVague && isLocked() ? Math.max(untilMs(), named) : named
      if (isActive && endMs > now()) await begin(endMs, 'whatsapp', repeats())
      else if (lock?.by === 'whatsapp' && stands()) await end(lock)
    },
    async endIfOver() {
      if (lock && stands() && !isLocked()) await end(lock)
    },
    async forget() {
      if (!lock) return
      // So long ago that nothing comes soon after it.
      const forgotten = { ...lock, until: new Date(0) }
      lock = forgotten
      await (stands() ? end(forgotten) : write(() => keep(forgotten)))
    },
    kept: () => written,
  }
}
