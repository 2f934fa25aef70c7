// Messages sent: from the first POST to the last one acknowledged by WhatsApp, against bare Baileys' sendMessage.
import type { Figure, Options, Sample } from '../figure.ts'
import { inParallel } from '../in-parallel.ts'
import { openLeanHttp } from '../lean-http.ts'
import { measureWork, toWorkSample } from '../process-cost.ts'
import { takeRounds } from '../rounds.ts'

/** Requests in flight at once, over all sessions. */
const inFlight = 16

function measure(sessions: number, { quick, say, withStack }: Options): Promise<Sample[]> {
  const each = Math.round((quick ? 300 : 800) / sessions)
  const total = each * sessions
  return withStack(async (stack) => {
    const connector = await stack.startConnector()
    const api = await stack.startApi()
    const bare = await stack.startBare()
    const linked = await stack.link('out', sessions)
    await bare.tell({ do: 'link', sessions })
    const contacts: string[] = []
    for (let i = 0; i < sessions; i += 1) contacts.push((await stack.door.post<{ phone: string }>('/phones')).phone)
    const http = openLeanHttp(inFlight)
    const post = () =>
      inParallel(Array.from({ length: total }), inFlight, (_, i) =>
        http.post(
          `${api.url}/v1/sessions/${linked[i % sessions]?.id}/messages`,
          { type: 'text', to: contacts[i % sessions], text: `out ${i}` },
          { authorization: `Bearer ${api.key}` },
        ),
      )
    const send = () =>
      Promise.all([
        stack.until(total, (change) => change.kind === 'event' && change.event.type === 'message.sent'),
        post(),
      ])
    const both = [stack.sandboxPid, process.pid]
    const ours = { holder: connector.pid, others: [...both, stack.mongoPid, api.child.pid] }
    const theirs = { holder: bare.child.pid, others: both }
    const samples = await takeRounds(quick ? 3 : 5, say, async () =>
      toWorkSample(
        await measureWork(total, ours, send),
        await measureWork(total, theirs, () => bare.tell({ do: 'send', to: contacts, each })),
      ),
    )
    http.close()
    return samples
  })
}

export const outbound: Figure = {
  name: 'outbound, 20 sessions, POST → acknowledged',
  against: 'bare Baileys sendMessage',
  goal: { atLeast: 0.8 },
  measure: (options) => measure(20, options),
}

export const outboundOne: Figure = {
  name: 'outbound, 1 session, POST → acknowledged',
  against: 'bare Baileys sendMessage',
  goal: { atLeast: 0.8 },
  measure: (options) => measure(1, options),
}
