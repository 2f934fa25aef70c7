// Messages sent: from the first POST to the last one acknowledged by WhatsApp, against bare Baileys' sendMessage.
import type { Figure, Options, Sample } from '../figure.ts'
import { openStack } from '../stack.ts'

/** Requests in flight at once, over all sessions. */
const inFlight = 16

async function measure(sessions: number, { quick, say }: Options): Promise<Sample[]> {
  const rounds = quick ? 3 : 5
  const each = Math.round((quick ? 300 : 800) / sessions)
  const total = each * sessions
  const stack = await openStack()
  const connector = await stack.startConnector()
  const api = await stack.startApi()
  const bare = await stack.startBare()
  const linked = await stack.link('out', sessions)
  await bare.tell({ do: 'link', sessions })
  const contacts: string[] = []
  for (let i = 0; i < sessions; i += 1) contacts.push((await stack.door.post<{ phone: string }>('/phones')).phone)
  const perSecond = async (run: () => Promise<unknown>) => {
    const startedAt = performance.now()
    await run()
    return (total * 1_000) / (performance.now() - startedAt)
  }
  async function post(): Promise<void> {
    const jobs = Array.from({ length: total }, (_, i) => i)
    const worker = async () => {
      for (let i = jobs.shift(); i !== undefined; i = jobs.shift()) {
        const session = linked[i % sessions]
        await api.http('POST', `/v1/sessions/${session?.id}/messages`, {
          type: 'text',
          to: contacts[i % sessions],
          text: `out ${i}`,
        })
      }
    }
    await Promise.all(Array.from({ length: inFlight }, worker))
  }
  const samples: Sample[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const ours = await perSecond(() =>
      Promise.all([
        stack.until(total, (change) => change.kind === 'event' && change.event.type === 'message.sent'),
        post(),
      ]),
    )
    const theirs = await perSecond(() => bare.tell({ do: 'send', to: contacts, each }))
    say(`  ${sessions} sessions: ${ours.toFixed(0)} against ${theirs.toFixed(0)} messages/s`)
    if (round > 0) samples.push({ unit: 'messages/s', ours, theirs })
  }
  await connector.stop()
  await stack.close()
  return samples
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
