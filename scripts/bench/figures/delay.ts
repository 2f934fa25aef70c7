// Delay from the phone to an open browser socket at a steady rate, against bare Baileys forwarding to `ws`. The time of sending
// is the text of the message, read here on the same clock.
import WebSocket from 'ws'
import type { Figure, Options, Sample } from '../figure.ts'
import { takeRounds } from '../rounds.ts'
import { quantile } from '../samples.ts'

const sessions = 10
const messagesPerSecond = 50
const patienceMs = 60_000

/** What came so far, and when the wished number has come. */
function createDelays() {
  let delays: number[] = []
  let onDelay = (): void => undefined
  return {
    add(text: string): void {
      delays.push(performance.now() - Number(text))
      onDelay()
    },
    take: (count: number) =>
      new Promise<number[]>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`only ${delays.length} of ${count} came`)), patienceMs)
        onDelay = () => {
          if (delays.length < count) return
          clearTimeout(timer)
          const taken = delays
          delays = []
          onDelay = () => undefined
          resolve(taken)
        }
      }),
  }
}

function untilOpen(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
}

function measure({ quick, say, withStack }: Options): Promise<Sample[]> {
  const total = messagesPerSecond * (quick ? 6 : 20)
  return withStack(async (stack) => {
    const connector = await stack.startConnector({ CONNECTOR_ROLES: 'sessions,relay' })
    const bare = await stack.startBare()
    const ours = (await stack.link('delay', sessions)).map(({ phone }) => phone)
    const { phones: theirs } = await bare.tell<{ phones: string[] }>({ do: 'link', sessions })
    const { phone: contact } = await stack.door.post<{ phone: string }>('/phones')
    const [oursDelays, theirsDelays] = [createDelays(), createDelays()]

    const token = await stack.createToken()
    const relayUrl = `${(connector.ready['relay'] ?? '').replace('http', 'ws')}/v1/ws`
    const oursSocket = new WebSocket(relayUrl, ['wastream.v1', `bearer.${token}`])
    await untilOpen(oursSocket)
    const subscribed = new Promise((resolve) => oursSocket.once('message', resolve))
    oursSocket.on('message', (data: Buffer) => {
      const { events = [] } = JSON.parse(data.toString()) as { events?: { data: { text: string } }[] }
      for (const event of events) oursDelays.add(event.data.text)
    })
    oursSocket.send(JSON.stringify({ op: 'subscribe', streams: ['*'], types: ['message.received'] }))
    await subscribed
    const { url } = await bare.tell<{ url: string }>({ do: 'forward' })
    const theirsSocket = new WebSocket(url)
    theirsSocket.on('message', (data: Buffer) =>
      theirsDelays.add((JSON.parse(data.toString()) as { text: string }).text),
    )
    await untilOpen(theirsSocket)

    async function send(phones: string[]): Promise<void> {
      const startedAt = performance.now()
      const sending: Promise<unknown>[] = []
      for (let i = 0; i < total; i += 1) {
        const dueMs = startedAt + (i * 1_000) / messagesPerSecond - performance.now()
        if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs))
        const body = { to: phones[i % sessions], text: String(performance.now()) }
        sending.push(stack.door.post(`/phones/${contact}/messages`, body))
      }
      await Promise.all(sending)
    }
    const samples = await takeRounds(quick ? 3 : 5, say, async () => {
      const [oursMs] = await Promise.all([oursDelays.take(total), send(ours)])
      const [theirsMs] = await Promise.all([theirsDelays.take(total), send(theirs)])
      return {
        unit: 'ms, p99',
        ours: quantile(oursMs, 0.99),
        theirs: quantile(theirsMs, 0.99),
        also: { p50: [quantile(oursMs, 0.5), quantile(theirsMs, 0.5)] },
      }
    })
    oursSocket.close()
    theirsSocket.close()
    return samples
  })
}

export const delay: Figure = {
  name: 'delay phone → open browser socket, 50 messages/s',
  against: 'bare Baileys forwarding to ws',
  goal: { atMost: 3 },
  measure,
}
