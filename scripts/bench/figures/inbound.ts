// Messages received: from the phone's first to the last one in the feed, against bare Baileys that prints them.
import type { Figure, Options, Sample } from '../figure.ts'
import { measureWork, toWorkSample } from '../process-cost.ts'
import { takeRounds } from '../rounds.ts'

function measure(sessions: number, { quick, say, withStack }: Options): Promise<Sample[]> {
  const each = Math.round((quick ? 400 : 1_000) / sessions) + 20
  const total = each * sessions
  return withStack(async (stack) => {
    const connector = await stack.startConnector()
    const bare = await stack.startBare()
    const ours = (await stack.link('in', sessions)).map(({ phone }) => phone)
    const { phones: theirs } = await bare.tell<{ phones: string[] }>({ do: 'link', sessions })
    const { phone: contact } = await stack.door.post<{ phone: string }>('/phones')
    const burst = (phones: string[]) =>
      Promise.all(phones.map((to) => stack.door.post(`/phones/${contact}/messages`, { to, text: 'in', count: each })))
    const receive = () =>
      Promise.all([
        stack.until(total, (change) => change.kind === 'event' && change.event.type === 'message.received'),
        burst(ours),
      ])
    let printed = 0
    const print = () => {
      printed += total
      return Promise.all([bare.tell({ do: 'printed', total: printed }), burst(theirs)])
    }
    const both = [stack.sandboxPid, process.pid]
    const us = { holder: connector.pid, others: [...both, stack.mongoPid] }
    const them = { holder: bare.child.pid, others: both }
    return takeRounds(quick ? 3 : 5, say, async () =>
      toWorkSample(await measureWork(total, us, receive), await measureWork(total, them, print)),
    )
  })
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
