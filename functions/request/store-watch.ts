// While MongoDB is away nobody waits for it: what is asked then, and what was in hand when it went, is answered
// `store.unavailable` within seconds. The driver alone takes 5 s to find no server and 20 s to give up a frozen one.
import type { MiddlewareHandler } from 'hono'
import { Problem } from '../../shared/model/problem.ts'
import type { Feed } from '../../shared/store/feed.ts'
import type { AppEnv } from '../deps.ts'

/** A change stream shows a sign of life every second; silent for longer than this, MongoDB is asked itself, ms. */
const silenceMs = 2_500
/** How often those in hand are looked after, ms. */
const lookMs = 500

export type StoreWatchDeps = {
  feed: Pick<Feed, 'progressAtMs'>
  /** Rejects when MongoDB does not answer within a second. */
  ping: () => Promise<void>
  monotonicMs: () => number
}

/** `close` stops looking. A change that was in hand may still be made: 503 means that its outcome is not known. */
export function openStoreWatch({ feed, ping, monotonicMs }: StoreWatchDeps) {
  const inHand = new Set<() => void>()
  let asking: Promise<boolean> | undefined

  const isSilent = () => monotonicMs() - feed.progressAtMs() > silenceMs
  /** Asked once for everybody who wants to know. */
  const isAway = () =>
    (asking ??= ping()
      .then(
        () => false,
        () => true,
      )
      .finally(() => (asking = undefined)))

  async function look(): Promise<void> {
    if (inHand.size === 0 || !isSilent() || !(await isAway())) return
    for (const giveUp of inHand) giveUp()
  }
  const timer = setInterval(() => void look(), lookMs)
  timer.unref?.()

  const middleware: MiddlewareHandler<AppEnv> = async (_c, next) => {
    if (isSilent() && (await isAway())) throw new Problem('store.unavailable')
    let giveUp = () => {}
    const away = new Promise<never>((_resolve, reject) => {
      giveUp = () => reject(new Problem('store.unavailable'))
    })
    inHand.add(giveUp)
    try {
      await Promise.race([next(), away])
    } finally {
      inHand.delete(giveUp)
    }
  }
  return { middleware, close: () => clearInterval(timer) }
}
