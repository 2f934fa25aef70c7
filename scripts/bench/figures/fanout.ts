// Fan-out: events in bursts to many sockets, until the last socket has all, against raw `ws` with one send per message.
import type { Figure, Options, Sample } from '../figure.ts'
import { cpuMs } from '../process-cost.ts'
import type { Task as RawTask } from '../raw-fanout.ts'
import type { Task as ReceiversTask } from '../receivers.ts'
import { perSecond, takeRounds } from '../rounds.ts'

/** As many sessions have news side by side. */
const streams = Array.from({ length: 8 }, (_, i) => `fan-${i}`)
const burst = 10
const data = {
  messageId: '3EB0C0FFEE00C0FFEE0000',
  sessionId: 'fan-0',
  chatId: '34600000001@s.whatsapp.net',
  from: '34600000001@s.whatsapp.net',
  to: 'me',
  fromMe: false,
  pushName: 'Ana',
  type: 'text',
  text: 'as long as a message of everyday life usually is',
  timestamp: '2026-01-01T00:00:00.000Z',
  statusTimes: {},
  reactions: [],
}

function measure({ quick, say, withStack }: Options): Promise<Sample[]> {
  const [sockets, events] = quick ? [100, 500] : [500, 2_000]
  return withStack(async (stack) => {
    const appenders = streams.map((stream) => stack.store.events.openAppender(stream, 1))
    for (const stream of streams) await stack.store.sessions.create(stream, { sandbox: true })
    for (const appender of appenders) await appender.fence('bench')
    const relay = await stack.startConnector({ CONNECTOR_ROLES: 'relay' })
    const raw = await stack.startSteered<RawTask>('scripts/bench/raw-fanout.ts')
    const oursReceivers = await stack.startSteered<ReceiversTask>('scripts/bench/receivers.ts')
    const theirsReceivers = await stack.startSteered<ReceiversTask>('scripts/bench/receivers.ts')
    await oursReceivers.tell({
      do: 'open',
      url: `${(relay.ready['relay'] ?? '').replace('http', 'ws')}/v1/ws`,
      protocols: ['wastream.v1', `bearer.${await stack.createToken()}`],
      subscribe: { op: 'subscribe', streams },
      sockets,
    })
    await theirsReceivers.tell({ do: 'open', url: raw.child.ready['url'] ?? '', protocols: [], sockets })

    let appendingSeconds = 0
    async function append(): Promise<void> {
      const startedAt = performance.now()
      let left = events
      await Promise.all(
        appenders.map(async (appender) => {
          for (; left > 0;) {
            left -= burst
            await appender.append(Array.from({ length: burst }, () => ({ type: 'message.received', data })))
          }
        }),
      )
      appendingSeconds = (performance.now() - startedAt) / 1_000
    }
    /** Rate, and CPU of who sends. */
    async function cost(pid: number, run: () => Promise<unknown>) {
      const before = cpuMs(pid)
      const rate = await perSecond(events * sockets, run)
      return { rate, cpuSeconds: (cpuMs(pid) - before) / 1_000 }
    }
    let seen = 0
    const samples = await takeRounds(quick ? 3 : 5, say, async () => {
      seen += events
      const ours = await cost(relay.pid, () =>
        Promise.all([oursReceivers.tell({ do: 'seen', events: seen }), append()]),
      )
      const theirs = await cost(raw.child.pid, () =>
        Promise.all([
          theirsReceivers.tell({ do: 'seen', events: seen }),
          raw.tell({ do: 'send', events, burst, data }),
        ]),
      )
      return {
        unit: 'events/s × sockets',
        ours: ours.rate,
        theirs: theirs.rate,
        also: {
          'CPU s of the sender': [ours.cpuSeconds, theirs.cpuSeconds],
          's of it in MongoDB': [appendingSeconds, 0],
        },
      }
    })
    for (const appender of appenders) await appender.close()
    return samples
  })
}

export const fanout: Figure = {
  name: 'fan-out to open sockets, bursts of 10',
  against: 'raw ws, one send per message per socket',
  goal: { atLeast: 7 },
  measure,
}
