// Messages received: from the phone's first to the last one in the feed, against bare Baileys that prints them.
import type { Figure, Options, Sample } from '../figure.ts'
import { openStack } from '../stack.ts'

async function measure(sessions: number, { quick, say }: Options): Promise<Sample[]> {
  const rounds = quick ? 3 : 5
  const each = Math.round((quick ? 400 : 1_000) / sessions) + 20
  const total = each * sessions
  const stack = await openStack()
  const connector = await stack.startConnector()
  const bare = await stack.startBare()
  const ours = (await stack.link('in', sessions)).map(({ phone }) => phone)
  const { phones: theirs } = await bare.tell<{ phones: string[] }>({ do: 'link', sessions })
  const { phone: contact } = await stack.door.post<{ phone: string }>('/phones')
  const burst = (phones: string[]) =>
    Promise.all(phones.map((to) => stack.door.post(`/phones/${contact}/messages`, { to, text: 'in', count: each })))
  const perSecond = async (run: () => Promise<unknown>) => {
    const startedAt = performance.now()
    await run()
    return (total * 1_000) / (performance.now() - startedAt)
  }
  const oursOnce = () =>
    perSecond(() =>
      Promise.all([
        stack.until(total, (change) => change.kind === 'event' && change.event.type === 'message.received'),
        burst(ours),
      ]),
    )
  let printed = 0
  const theirsOnce = () => {
    printed += total
    return perSecond(() => Promise.all([bare.tell({ do: 'printed', total: printed }), burst(theirs)]))
  }
  const samples: Sample[] = []
  // The first round warms both up.
  for (let round = 0; round <= rounds; round += 1) {
    const sample = { unit: 'messages/s', ours: await oursOnce(), theirs: await theirsOnce() }
    say(`  ${sessions} sessions: ${sample.ours.toFixed(0)} against ${sample.theirs.toFixed(0)} messages/s`)
    if (round > 0) samples.push(sample)
  }
  await connector.stop()
  await stack.close()
  return samples
}

export const inbound: Figure = {
  name: 'inbound, 20 sessions, to durable and in the feed',
  against: 'bare Baileys printing the message',
  goal: { atLeast: 0.8 },
  measure: (options) => measure(20, options),
}

export const inboundOne: Figure = {
  name: 'inbound, 1 session',
  against: 'bare Baileys printing the message',
  goal: 'reported',
  measure: (options) => measure(1, options),
}
