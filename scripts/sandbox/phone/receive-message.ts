// A message arrives at a pretend phone: verified, decrypted, put into the inbox and answered with a receipt, all in
// one commit. One that cannot be decrypted is counted and asked for again, as a real phone does.
import { type BinaryNode, proto } from '@whiskeysockets/baileys'
import { checkDeviceIdentity } from '../linking/device-identity.ts'
import type { Address, Details, ReceivedMessage } from '../records.ts'
import { bytesOf, children, node, unixSeconds } from '../server/nodes.ts'
import { openAnswer } from './answers.ts'
import { answerPeerRequest } from './answer-peer-request.ts'
import { describeMessage } from './content.ts'
import { askForRetry } from './ask-for-retry.ts'
import { STORIES } from '../server/route-story.ts'
import { routeReceipt } from '../server/route-receipt.ts'
import type { Worker } from './worker.ts'
import type { Enc } from './signal.ts'

/** Throws when a companion does not prove that it belongs to the account it writes for. */
const verifySender = (worker: Worker, stanza: BinaryNode, sender: Address, jid: string, enc: Enc): void => {
  const { store } = worker.exchange
  if (sender.device === 0) return
  const device = store.devices.get([sender.phone, sender.device])
  const account = store.phones.get(sender.phone)
  if (!device || !account) throw new Error('the sending device is not linked')
  if (worker.signal.identityOf(jid)?.equals(device.identityPublic) !== true) throw new Error('foreign identity key')
  if (enc.type !== 'pkmsg') return
  const proof = bytesOf(stanza, 'device-identity')
  if (!proof) throw new Error('a first message without a device identity')
  const known = `${jid} ${proof.toString('base64')}`
  if (worker.verifiedIdentities.has(known)) return
  const problem = checkDeviceIdentity(proof, device.identityPublic, account.identity.public)
  if (problem) throw new Error(problem)
  worker.verifiedIdentities.add(known)
}

const decrypt = async (worker: Worker, stanza: BinaryNode, sender: Address): Promise<proto.Message> => {
  const { signal, exchange } = worker
  const jid = exchange.directory.jid(sender, 'lid')
  const encs = children(stanza, 'enc')
  if (encs.length === 0) throw new Error('nothing to decrypt')
  const message = new proto.Message()
  // In a group the first part may bring the key of the second.
  for (const { attrs, content } of encs) {
    if (!(content instanceof Uint8Array)) throw new Error('nothing to decrypt')
    const part =
      attrs.type === 'skmsg'
        ? await signal.decryptFromGroup(stanza.attrs.from ?? '', jid, content)
        : await decryptPairwise(worker, stanza, sender, jid, attrs.type, content)
    if (part.senderKeyDistributionMessage) await signal.takeGroupKey(jid, part.senderKeyDistributionMessage)
    Object.assign(message, part)
  }
  return message
}

const decryptPairwise = async (
  worker: Worker,
  stanza: BinaryNode,
  sender: Address,
  jid: string,
  type: string | undefined,
  ciphertext: Uint8Array,
): Promise<proto.Message> => {
  if (type !== 'msg' && type !== 'pkmsg') throw new Error('nothing to decrypt')
  const sealed: Enc = { type, ciphertext }
  const message = await worker.signal.decrypt(jid, sealed)
  verifySender(worker, stanza, sender, jid, sealed)
  return message
}

/** What a vote or an answer says, opened with what the phone keeps of the message it answers. */
const answerIn = (worker: Worker, from: string, content: proto.IMessage): { details?: Details } => {
  const { exchange, self } = worker
  const key =
    content.pollUpdateMessage?.pollCreationMessageKey ?? content.encEventResponseMessage?.eventCreationMessageKey
  if (!key?.id) return {}
  const { store, directory } = exchange
  const sentSeq = store.sentIds.get([self.phone, key.id])
  // In a group a third one may have asked.
  const author = sentSeq === undefined ? (directory.resolve(key.participant ?? undefined)?.phone ?? from) : self.phone
  const keptSeq = store.inboxIds.get([self.phone, author, key.id])
  const original =
    sentSeq !== undefined
      ? store.sent.get([self.phone, sentSeq])
      : keptSeq === undefined
        ? undefined
        : store.inbox.get([self.phone, keptSeq])
  if (!original) return {}
  const formsOf = (phone: string) => (['lid', 'pn'] as const).map((form) => directory.jid({ phone, device: 0 }, form))
  const opened = openAnswer(content, proto.Message.decode(original.content), formsOf(author), formsOf(from))
  return opened ? { details: opened } : {}
}

export const receiveMessage = async (worker: Worker, stanza: BinaryNode, remove: () => void): Promise<void> => {
  const { exchange, self, signal } = worker
  const { store, directory } = exchange
  const { from, id = '', recipient, category, participant } = stanza.attrs
  const group = from?.endsWith('@g.us') || from === STORIES ? from : undefined
  const sender = directory.resolve(group ? participant : from)
  if (!sender || !from) return exchange.transact(remove)
  const idKey: [string, string, string] = [self.phone, sender.phone, id]
  const knownSeq = store.inboxIds.get(idKey)
  const known = knownSeq === undefined ? undefined : store.inbox.get([self.phone, knownSeq])

  const again = (message: ReceivedMessage) => {
    exchange.count(self.phone, 'duplicates')
    store.inbox.put([self.phone, message.seq], { ...message, deliveries: message.deliveries + 1 })
  }
  const own = sender.phone === self.phone
  const confirm = () =>
    own
      ? routeReceipt(
          worker.exchange,
          worker.self,
          node('receipt', { id, to: from, type: category === 'peer' ? 'peer_msg' : 'sender', recipient, participant }),
        )
      : routeReceipt(worker.exchange, worker.self, node('receipt', { id, to: from, participant, t: unixSeconds() }))

  let message: proto.Message
  try {
    message = await decrypt(worker, stanza, sender)
  } catch (error) {
    signal.discard()
    if (known) {
      return exchange.transact(() => {
        again(known)
        remove()
        confirm()
      })
    }
    exchange.log.warn({ phone: self.phone, id, sender, error: String(error) }, 'a pretend phone could not decrypt')
    return askForRetry(worker, stanza, remove)
  }

  const sent = message.deviceSentMessage
  const content = sent?.message ?? message
  exchange.transact(() => {
    signal.store()
    remove()
    confirm()
    if (category === 'peer') return
    if (known) return again(known)
    if (!group && content.senderKeyDistributionMessage && Object.keys(content).length === 1) return
    const seq = store.nextSeq()
    store.inboxIds.put(idKey, seq)
    store.inbox.put([self.phone, seq], {
      seq,
      messageId: id,
      from: sender.phone,
      fromDevice: sender.device,
      fromMe: own,
      ...(group ? { group } : {}),
      to:
        group ?? (own ? (directory.resolve(recipient ?? sent?.destinationJid ?? '')?.phone ?? self.phone) : self.phone),
      ...describeMessage(content),
      ...answerIn(worker, sender.phone, content),
      at: new Date().toISOString(),
      deliveries: 1,
      read: false,
      content: Buffer.from(proto.Message.encode(content).finish()),
    })
  })
  if (category === 'peer') await answerPeerRequest(worker, sender, id, content)
}
