// Waits, with a bound and only as long as it gets on, until nothing is under way any more: commands settled, texts arrived on both sides, subscribers
// where the feed ends.
import { setTimeout as pause } from 'node:timers/promises'
import type { ShownEvent } from './audit/record.ts'
import type { Cast } from './cast.ts'
import type { Flow } from './flow.ts'
import { countCommands, gatherFeed, gatherPhone } from './gather.ts'
import type { Site } from './site.ts'
import type { OpenSubscriber } from './subscribers/subscriber.ts'

const lookMs = 500
/** Longer than it takes to notice by oneself that a connection is dead. */
const stuckMs = 75_000
/** Longer than one attempt of a webhook may take: what fails now is not due again before the next time. */
const hurryMs = 20_000

/** What was still missing when the time was over; `undefined` when nothing was. */
export async function drain(
  site: Site,
  cast: Cast,
  flow: Flow,
  subscribers: readonly OpenSubscriber[],
  boundMs: number,
): Promise<string | undefined> {
  const giveUpAt = Date.now() + boundMs
  let stuckAt = Date.now() + stuckMs
  let last: string | undefined
  const feeds = new Map<string, ShownEvent[]>(cast.sessions.map(({ sessionId }) => [sessionId, []]))
  let heads = ''
  let hurriedAt = -Infinity

  async function hurry(): Promise<void> {
    if (Date.now() - hurriedAt < hurryMs) return
    hurriedAt = Date.now()
    for (const subscriber of subscribers) await subscriber.hurry?.()
  }

  /** Reads on where it stopped. */
  async function readOn(): Promise<void> {
    for (const [stream, feed] of feeds) feed.push(...(await gatherFeed(site, stream, feed.at(-1)?.seq ?? 0)))
  }

  async function missing(): Promise<string | undefined> {
    for (const { sessionId } of cast.sessions)
      for (const state of ['queued', 'sending']) {
        const count = await countCommands(site, sessionId, state)
        if (count > 0) return `${count} commands of ${sessionId} are ${state}`
      }
    await readOn()
    const events = [...feeds.values()].flat()
    const received = events.filter(({ type }) => type === 'message.received').length
    if (received < flow.written()) return `${flow.written() - received} texts of phones are not in the feed`
    const phones = await Promise.all(cast.contacts.map((contact) => gatherPhone(site, contact)))
    const arrived = phones.flatMap(({ inbox }) => inbox.filter(({ kind }) => kind === 'text')).length
    if (arrived < flow.accepted.length) return `${flow.accepted.length - arrived} accepted texts have not arrived`
    const before = heads
    heads = [...feeds].map(([stream, feed]) => `${stream}:${feed.at(-1)?.seq ?? 0}`).join(' ')
    if (heads !== before) return 'the feed still grows'
    for (const subscriber of subscribers)
      for (const [stream, feed] of feeds) {
        const count = subscriber.missing(feed)
        if (count === 0) continue
        await hurry()
        return `${subscriber.record().name} misses ${count} of ${stream}`
      }
    return undefined
  }

  for (;;) {
    const what = await missing()
    if (what !== last) stuckAt = Date.now() + stuckMs
    last = what
    if (what === undefined || Date.now() > Math.min(giveUpAt, stuckAt)) return what
    await pause(lookMs)
  }
}
