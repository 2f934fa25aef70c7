// A connector that was asked to lets its sessions go: a few at a time, only while others have room, and each counts as gone
// when another holds it. What nobody took is taken back.
import type { DrainReport } from '../../shared/model/connector.ts'
import type { Store } from '../../shared/store/open-store.ts'
import type { SessionLog } from './session-log.ts'
import type { Room } from './share.ts'

export type DrainOptions = {
  leases: Pick<Store['leases'], 'free' | 'read'>
  held: () => readonly string[]
  /** Resolves when the session is closed and its lease given back. */
  letGo(sessionId: string): Promise<void>
  takeBack(sessionId: string): Promise<void>
  /** The report is another one. */
  onChange(): void
  log: SessionLog
  /** Monotonic ms. */
  nowMs(): number
}

export type Drain = {
  /** One look: lets some go if others have room. */
  step(rooms: readonly Room[]): Promise<void>
  /** The wish was taken back: what is free is anybody's. */
  end(): void
  /** `null` while nothing is asked. */
  report(): DrainReport | null
  /** Some were let go, and nobody has them yet. */
  isMoving(): boolean
}

/** Away at the same time. */
const atOnce = 4
/** Others look several times a second while one drains; what stays free for longer than this is taken back, ms. */
const takeBackMs = 5_000
/** After that nothing is let go for so long, ms. */
const restMs = 30_000
/** Of more room than this it matters not how much it is. */
const muchRoom = 1_000

const sentences = {
  nobody_else: 'the drain waits: there is no other connector that takes sessions',
  no_room: 'the drain waits: no other connector has room',
  not_taken: 'the drain waits: what was let go was taken by nobody',
}

export function createDrain(options: DrainOptions): Drain {
  const { leases, log } = options
  /** Being closed. */
  const leaving = new Set<string>()
  /** Given back and not seen with another owner: since when, monotonic ms. */
  const offered = new Map<string, number>()
  let restsUntil = 0
  /** Something came back: one at a time, until one is taken. */
  let isTrial = false
  let current: DrainReport | null = null

  function say(next: DrainReport): void {
    if (JSON.stringify(next) === JSON.stringify(current)) return
    const isFirst = current === null
    current = next
    if (next.state === 'waiting') log.warn({ held: options.held().length }, sentences[next.reason])
    else if (next.state === 'done') log.info({}, 'drained: nothing is held here')
    else log.info({ held: options.held().length }, isFirst ? 'draining' : 'draining goes on')
    options.onChange()
  }

  async function letGo(sessionId: string): Promise<void> {
    leaving.add(sessionId)
    log.info({ sessionId }, 'handing over')
    try {
      await options.letGo(sessionId)
      if (current) offered.set(sessionId, options.nowMs())
    } finally {
      leaving.delete(sessionId)
    }
  }

  /** What was offered and has an owner, or is there no more, is gone; what waits too long comes back. */
  async function settle(): Promise<void> {
    let came: 'taken' | 'back' | undefined
    for (const [sessionId, since] of offered) {
      const lease = await leases.read(sessionId)
      if (lease?.owner === null && options.nowMs() - since < takeBackMs) continue
      if (lease?.owner === null) {
        came = 'back'
        await options.takeBack(sessionId)
      } else came ??= 'taken'
      offered.delete(sessionId)
    }
    if (came === undefined) return
    isTrial = came === 'back'
    if (isTrial) restsUntil = options.nowMs() + restMs
  }

  async function toNext(rooms: readonly Room[]): Promise<{ next: string[]; report: DrainReport }> {
    const away = leaving.size + offered.size
    const moving: DrainReport = { state: 'moving' }
    const waits = (reason: keyof typeof sentences) => ({
      next: [],
      report: away > 0 ? moving : ({ state: 'waiting', reason } as const),
    })
    const staying = options.held().filter((sessionId) => !leaving.has(sessionId))
    if (staying.length === 0) return { next: [], report: away > 0 ? moving : { state: 'done' } }
    if (options.nowMs() < restsUntil) return waits('not_taken')
    if (rooms.length === 0) return waits('nobody_else')
    const places = (isTrial ? 1 : atOnce) - away
    if (places <= 0) return { next: [], report: moving }
    // What is free already needs its room as well, whoever let it go.
    const room = Math.min(muchRoom, rooms.reduce((sum, one) => sum + one.room, 0) - leaving.size)
    const left = room > 0 ? room - (await leases.free(room)).length : 0
    return left > 0 ? { next: staying.slice(0, Math.min(left, places)), report: moving } : waits('no_room')
  }

  return {
    async step(rooms) {
      await settle()
      const { next, report } = await toNext(rooms)
      say(report)
      for (const sessionId of next)
        letGo(sessionId).catch((error: unknown) => log.warn({ err: error, sessionId }, 'a session was not let go'))
    },
    end() {
      if (current === null) return
      current = null
      restsUntil = 0
      isTrial = false
      offered.clear()
      log.info({}, 'the drain was taken back')
      options.onChange()
    },
    report: () => current,
    isMoving: () => offered.size > 0,
  }
}
