// A receipt arrives at a pretend phone: noted with the message it is about. A retry makes the phone encrypt that
// message again, for that one device, in a new session.
import { type BinaryNode, proto } from '@whiskeysockets/baileys'
import type { Bundle } from '../iq/keys.ts'
import { takeBundle } from '../iq/keys.ts'
import type { Address, ReceiptNote, SentMessage } from '../records.ts'
import { bytesOf, child, node } from '../server/nodes.ts'
import { receiptIds } from '../server/route-receipt.ts'
import { routeMessage } from '../server/route-message.ts'
import { stanzaAttributes } from './content.ts'
import { noMessage } from './send-message.ts'
import { uploadAgain } from './upload-again.ts'
import type { Worker } from './worker.ts'

const MAX_RETRIES = 5

const sentMessage = (worker: Worker, id: string): SentMessage | undefined => {
  const { store } = worker.exchange
  const seq = store.sentIds.get([worker.self.phone, id])
  return seq === undefined ? undefined : store.sent.get([worker.self.phone, seq])
}

/** The keys in a retry receipt, if it carries whole ones. */
const bundleOf = (receipt: BinaryNode): Bundle | undefined => {
  const keys = child(receipt, 'keys')
  const read = (tag: string) => {
    const key = child(keys, tag)
    const id = bytesOf(key, 'id')
    const value = bytesOf(key, 'value')
    return id?.length === 3 && value?.length === 32 ? { keyId: id.readUIntBE(0, 3), public: value } : undefined
  }
  const identity = bytesOf(keys, 'identity')
  const registration = bytesOf(receipt, 'registration')
  const signed = read('skey')
  const signature = bytesOf(child(keys, 'skey'), 'signature')
  if (identity?.length !== 32 || registration?.length !== 4 || !signed || signature?.length !== 64) return undefined
  return {
    registrationId: registration.readUInt32BE(0),
    identity,
    signedPreKey: { ...signed, signature },
    preKey: read('key'),
  }
}

const resend = async (
  worker: Worker,
  to: Address,
  message: SentMessage,
  receipt: BinaryNode,
): Promise<BinaryNode | undefined> => {
  const { exchange, self, signal } = worker
  const { directory } = exchange
  const count = Number(child(receipt, 'retry')?.attrs.count ?? 1)
  const device = exchange.store.devices.get([to.phone, to.device])
  if (count > MAX_RETRIES || (to.device !== 0 && !device)) return undefined
  const offered = bundleOf(receipt)
  const trusted = offered && (!device || offered.identity.equals(device.identityPublic)) ? offered : undefined
  const bundle = trusted ?? takeBundle(exchange, to)
  if (!bundle) return undefined
  const jid = directory.jid(to, 'lid')
  await signal.startSession(jid, bundle)
  const content = proto.Message.decode(message.content)
  const group = exchange.store.groups.get(message.to)
  if (group) {
    // With the key, which it may have missed.
    const { distribution } = await signal.encryptForGroup(group.id, directory.jid(self, 'lid'), {})
    const key = { groupId: group.id, axolotlSenderKeyDistributionMessage: distribution }
    const whole = Object.assign(content, { senderKeyDistributionMessage: key })
    const enc = await signal.encrypt(jid, message.garbled ? noMessage() : whole)
    const attrs = { id: message.messageId, to: group.id, participant: jid, ...stanzaAttributes(message.kind) }
    return node('message', attrs, [node('enc', { v: 2, type: enc.type, count }, enc.ciphertext)])
  }
  const own = to.phone === self.phone
  const chat = directory.jid({ phone: message.to, device: 0 }, message.addressing)
  const whole = own ? { deviceSentMessage: { destinationJid: chat, message: content } } : content
  const enc = await signal.encrypt(jid, message.garbled ? noMessage() : whole)
  return node(
    'message',
    {
      id: message.messageId,
      to: directory.jid(to, message.addressing),
      ...stanzaAttributes(message.kind),
      recipient: own ? chat : undefined,
      device_fanout: 'false',
    },
    [node('enc', { v: 2, type: enc.type, count }, enc.ciphertext)],
  )
}

export const receiveReceipt = async (worker: Worker, receipt: BinaryNode, remove: () => void): Promise<void> => {
  const { exchange, self, signal } = worker
  const { store } = exchange
  const author = exchange.directory.resolve(receipt.attrs.participant ?? receipt.attrs.from)
  if (!author) return exchange.transact(remove)
  const type = receipt.attrs.type ?? 'delivered'
  const note: ReceiptNote = { from: author.phone, device: author.device, type, at: new Date().toISOString() }
  if (type === 'server-error') return uploadAgain(worker, author, receipt, remove)
  const message = sentMessage(worker, receipt.attrs.id ?? '')
  const again = type === 'retry' && message ? await resend(worker, author, message, receipt) : undefined
  exchange.transact(() => {
    signal.store()
    remove()
    if (type === 'retry') exchange.count(self.phone, 'retryReceiptsReceived')
    for (const id of receiptIds(receipt)) {
      const sent = sentMessage(worker, id)
      if (sent) store.sent.put([self.phone, sent.seq], { ...sent, receipts: [...sent.receipts, note] })
    }
    if (again) routeMessage(exchange, self, again)
  })
}
