// A small run without fault, to be doctored by tests: one session, one contact, three texts each way, one change each way.
import { Webhook } from 'standardwebhooks'
import type { RunRecord, ShownEvent, SubscriberRecord, WebhookPost } from './record.ts'

const sessionId = 'session1'
const phone = '15550000001'
const contact = '15550000002'
const chatId = '900@lid'
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
const atMs = (second: number) => Date.parse(at(second))

const secret = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`

/** As a webhook would bring it. */
export function createPost({ at: timestamp, ...event }: ShownEvent, signedWith = secret): WebhookPost {
  const body = JSON.stringify({ ...event, timestamp })
  const sentAt = new Date(timestamp)
  return {
    id: event.id,
    timestamp: String(sentAt.getTime() / 1_000),
    signature: `v1,unknown ${new Webhook(signedWith).sign(event.id, sentAt, body)}`,
    body,
    isTaken: true,
  }
}

function createReceiver(name: string, order: SubscriberRecord['order'], feed: readonly ShownEvent[]): SubscriberRecord {
  const posts = { secret, came: feed.map((event) => createPost(event)) }
  return { name, repeats: 'allowed', order, events: feed.map((one) => ({ ...one })), complaints: [], posts }
}

export function createFaultlessRecord(): RunRecord {
  const out = ['A1', 'A2', 'A3']
  const back = ['B1', 'B2', 'B3']
  const event = (type: string, data: Record<string, unknown>) => ({ type, data: { chatId, ...data } })
  const facts = [
    event('session.connected', {}),
    ...out.flatMap((messageId) =>
      ['queued', 'sent', 'delivered', 'read'].map((status) =>
        event(`message.${status}`, { messageId, fromMe: true, status }),
      ),
    ),
    ...back.map((messageId, i) => event('message.received', { messageId, fromMe: false, text: `back ${i}` })),
    event('message.edited', { messageId: 'B2' }),
  ]
  const feed: ShownEvent[] = facts.map((fact, i) => ({
    ...fact,
    id: `${sessionId}:${i + 1}`,
    stream: sessionId,
    seq: i + 1,
    at: at(i),
  }))
  const counters = { failedDecryptions: 0, retryReceiptsReceived: 0, duplicates: 0, nacks487: 0 }
  return {
    accepted: out.map((messageId, i) => ({ sessionId, contact, messageId, text: `out ${i}`, atMs: atMs(i) })),
    changes: [{ sessionId, contact, kind: 'reaction', targetId: 'A1', text: '👍', atMs: atMs(4) }],
    theirChanges: [{ sessionId, contact, kind: 'edit', targetId: 'B2', text: 'back 1, edited', atMs: atMs(5) }],
    phones: [
      {
        phone: contact,
        counters,
        inbox: [
          ...out.map((messageId, i) => ({
            seq: i + 1,
            messageId,
            from: phone,
            fromMe: false,
            kind: 'text' as const,
            text: `out ${i}`,
            deliveries: 1,
            at: at(i),
          })),
          {
            seq: 4,
            messageId: 'R1',
            from: phone,
            fromMe: false,
            kind: 'reaction',
            text: '👍',
            targetId: 'A1',
            deliveries: 1,
            at: at(4),
          },
        ],
        sent: back.map((messageId, i) => ({
          seq: i + 10,
          messageId,
          to: phone,
          kind: 'text',
          text: `back ${i}`,
          at: at(i),
        })),
      },
    ],
    chats: [
      {
        sessionId,
        contact,
        chatId,
        history: [
          ...out.map((messageId, i) => ({
            messageId,
            fromMe: true,
            type: 'text',
            text: `out ${i}`,
            status: 'read',
            reactions: [],
          })),
          ...back.map((messageId, i) => ({
            messageId,
            fromMe: false,
            type: 'text',
            text: i === 1 ? 'back 1, edited' : `back ${i}`,
            ...(i === 1 ? { editedAt: at(5) } : {}),
            reactions: [],
          })),
        ],
      },
    ],
    sessions: [{ sessionId, phone, feed, unsettled: [] }],
    subscribers: [
      {
        name: 'a reader',
        repeats: 'never',
        order: 'in order',
        events: feed.map((one) => ({ ...one })),
        complaints: [],
      },
      createReceiver('a receiver', 'any order', feed),
      createReceiver('a receiver in order', 'in order', feed),
      {
        ...createReceiver('a receiver of messages', 'any order', feed.slice(1)),
        wants: { session: sessionId, types: 'message.' },
      },
    ],
    sightings: [
      { sessionId, messageId: 'A1', status: 'queued', atMs: atMs(1) },
      { sessionId, messageId: 'A1', status: 'read', atMs: atMs(2) },
    ],
    surprises: [],
  }
}
