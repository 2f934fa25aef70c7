// A pretend phone sends: encrypted for every device of the other side and for every companion of its own, ratchets
// and stanzas stored in one commit.
import { randomBytes } from 'node:crypto'
import { type BinaryNode, proto } from '@whiskeysockets/baileys'
import type { Addressing } from '../server/jids.ts'
import { node } from '../server/nodes.ts'
import { STORIES } from '../server/route-story.ts'
import { routeMessage } from '../server/route-message.ts'
import { buildMessage, describeMessage, stanzaAttributes, type Wish } from './content.ts'
import { encryptFor } from './encrypt-for.ts'
import { encryptForGroup } from './send-to-group.ts'
import type { Worker } from './worker.ts'

export const newMessageId = (): string => randomBytes(16).toString('hex').toUpperCase()

/** Field 1 says that it is two bytes longer than what is there; padded as a message is. */
export const noMessage = (): Uint8Array =>
  Buffer.concat([Buffer.from([0x0a, 0x24]), randomBytes(34), Buffer.alloc(1, 1)])

export type Odd = {
  /** The server tells the receivers no other form of the sender's address. */
  alone?: boolean | undefined
  /** The server gives companions a placeholder in its place. */
  withheld?: boolean | undefined
  /** Sealed as it should be, and nothing that anybody can read is in it, however often it is asked for again. */
  garbled?: boolean | undefined
  /** Of a story: the numbers of those who may see it. */
  viewers?: readonly string[] | undefined
}

/** The key goes along each time: the server passes a story on to those it was sealed for. */
const storyFor = (worker: Worker, viewers: readonly string[]) => {
  worker.signal.setKeyHolders(STORIES, [])
  return { id: STORIES, members: [worker.self.phone, ...viewers].map((phone) => ({ phone })) }
}

/** Only inside the worker's queue. */
export const sendMessage = async (
  worker: Worker,
  to: string,
  wish: Wish,
  addressing: Addressing,
  { alone, withheld, garbled, viewers = [] }: Odd = {},
): Promise<string> => {
  const { exchange, self, signal } = worker
  const { store, directory } = exchange
  const message = buildMessage(wish)
  const messageId = newMessageId()
  const group = to === STORIES ? storyFor(worker, viewers) : store.groups.get(to)
  const chat = group ? group.id : directory.jid({ phone: to, device: 0 }, addressing)
  const said = garbled ? noMessage() : message
  const copy = garbled ? said : { deviceSentMessage: { destinationJid: chat, message } }
  const receivers = [
    ...(to === self.phone ? [] : directory.devices(to).map((address) => ({ address, message: said }))),
    ...directory.devices(self.phone).flatMap((address) => (address.device === 0 ? [] : [{ address, message: copy }])),
  ]
  const copies: BinaryNode[] = []
  const sealed = group && (await encryptForGroup(worker, group, said))
  for (const receiver of group ? [] : receivers) {
    const enc = await encryptFor(worker, receiver.address, receiver.message)
    if (enc) copies.push(node('to', { jid: directory.jid(receiver.address, addressing) }, [enc]))
  }
  const described = describeMessage(message)
  exchange.transact(() => {
    signal.store()
    const seq = store.nextSeq()
    store.sentIds.put([self.phone, messageId], seq)
    store.sent.put([self.phone, seq], {
      seq,
      messageId,
      to,
      kind: described.kind,
      text: described.text,
      at: new Date().toISOString(),
      receipts: [],
      content: Buffer.from(proto.Message.encode(message).finish()),
      addressing,
      ...(garbled ? { garbled } : {}),
    })
    const attrs = {
      id: messageId,
      to: chat,
      ...stanzaAttributes(described.kind),
      ...(alone ? { alone: 'true' } : {}),
      ...(withheld ? { withheld: 'true' } : {}),
    }
    if (sealed) routeMessage(exchange, self, node('message', attrs, sealed))
    if (copies.length > 0) routeMessage(exchange, self, node('message', attrs, [node('participants', {}, copies)]))
  })
  worker.changed.emit('changed')
  return messageId
}
