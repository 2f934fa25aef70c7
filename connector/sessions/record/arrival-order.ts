// Messages of one second stand in the order in which they came: WhatsApp tells whole seconds, lists are sorted by time.
import { createGrowingCache } from '../../growing-cache.ts'

export type ArrivalOrder = ReturnType<typeof createArrivalOrder>

const chats = 2_000
const second = 1_000
/** Of its second, ms: what comes later than that leaves room for those of the same second that are still on their way. */
const latestMoment = 800

export function createArrivalOrder(clock: () => number = Date.now) {
  const latest = createGrowingCache<number>(chats)
  const startOf = (ms: number) => ms - (ms % second)

  /** A time in the second of `at` that is later than any given for this chat in that second, as long as there is room. */
  function place(chat: string, at: Date, from: number): Date {
    const start = at.getTime()
    if (start !== startOf(start)) return at
    const before = latest.get(chat)
    const isSame = before !== undefined && startOf(before) === start
    const ms = Math.min(isSame ? Math.max(before + 1, from) : from, start + second - 1)
    latest.set(chat, ms)
    return new Date(ms)
  }

  return {
    /** Of what has just come: where its second is still going on, it is the moment itself. */
    now(chat: string, at: Date): Date {
      const now = clock()
      const isGoingOn = startOf(now) === at.getTime()
      return place(chat, at, isGoingOn ? Math.min(now, at.getTime() + latestMoment) : at.getTime())
    },
    /** Of a part of a history, whose newest come first (rc14, Utils/history.js). */
    past<T extends { chat: readonly [string, ...string[]]; at: Date }>(newestFirst: readonly T[]): T[] {
      return newestFirst
        .toReversed()
        .map((one) => ({ ...one, at: place(one.chat[0], one.at, one.at.getTime()) }))
        .toReversed()
    },
  }
}
