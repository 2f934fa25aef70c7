// What a phone shows without writing: that it has read, listened, is there, is typing.
import type { Hono } from 'hono'
import type { ReceivedMessage } from '../records.ts'
import { routeReceipt } from '../server/route-receipt.ts'
import { addressingOf } from '../server/jids.ts'
import { node, unixSeconds } from '../server/nodes.ts'
import { Refusal } from '../server/refusal.ts'
import type { DoorDeps } from './deps.ts'
import { phoneOf } from './phone-routes.ts'
import { readBody } from './read-input.ts'
import { Presence, Read, Typing } from './schemas.ts'

/** In a group each author is told apart. */
const bySayer = (messages: readonly ReceivedMessage[]): Map<string, ReceivedMessage[]> => {
  const found = new Map<string, ReceivedMessage[]>()
  for (const message of messages) {
    const name = `${message.group ?? ''} ${message.from}`
    found.set(name, [...(found.get(name) ?? []), message])
  }
  return found
}

export const addSignalRoutes = (app: Hono, { exchange, phones, signals }: DoorDeps): void => {
  const { store, directory } = exchange
  const numberOf = (to: string): string => {
    const found = directory.resolve(to.includes('@') ? to : `${to.replace(/\D/g, '')}@s.whatsapp.net`)
    if (!found) throw new Refusal(404, 'phone.not_found', `There is no phone ${to}.`)
    return found.phone
  }

  for (const type of ['read', 'played'] as const) {
    app.post(`/phones/:phone/${type}`, async (c) => {
      const { record, worker } = phones.get(phoneOf(c))
      const body = await readBody(c, Read)
      const from = body.from === undefined ? undefined : numberOf(body.from)
      const messageIds = await worker.run(async () => {
        const chosen = [...store.inbox.rows([record.phone])]
          .map(({ value }) => value)
          .filter((message) => !message.fromMe && (from === undefined || message.from === from))
          .filter((message) => (body.messageIds ? body.messageIds.includes(message.messageId) : !message.read))
        exchange.transact(() => {
          const bySender = bySayer(chosen)
          for (const [first, ...rest] of bySender.values()) {
            const list = rest.map((message) => node('item', { id: message.messageId }))
            const sender = directory.jid({ phone: first!.from, device: 0 }, 'lid')
            const to = first!.group ?? sender
            const participant = first!.group ? sender : undefined
            routeReceipt(
              worker.exchange,
              worker.self,
              node(
                'receipt',
                { id: first!.messageId, to, participant, type, t: unixSeconds() },
                list.length > 0 ? [node('list', {}, list)] : undefined,
              ),
            )
          }
          for (const message of chosen) store.inbox.put([record.phone, message.seq], { ...message, read: true })
        })
        return chosen.map((message) => message.messageId)
      })
      return c.json({ messageIds })
    })
  }

  app.post('/phones/:phone/typing', async (c) => {
    const { worker } = phones.get(phoneOf(c))
    const { to, state, addressing } = await readBody(c, Typing)
    const jid = directory.jid({ phone: numberOf(to), device: 0 }, to.includes('@') ? addressingOf(to) : addressing)
    const tag = state === 'paused' ? 'paused' : 'composing'
    signals.typing(worker.self, jid, [node(tag, state === 'recording' ? { media: 'audio' } : {})])
    return c.body(null, 204)
  })

  app.post('/phones/:phone/presence', async (c) => {
    const { worker } = phones.get(phoneOf(c))
    const { state, lastSeen } = await readBody(c, Presence)
    signals.presence(worker.self, state, lastSeen === undefined ? undefined : unixSeconds(Date.parse(lastSeen)))
    return c.body(null, 204)
  })
}
