// A companion cannot load a file any more: the phone, which has it, uploads it again and says where it lies now.
import { createCipheriv, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { type BinaryNode, hkdf, proto } from '@whiskeysockets/baileys'
import type { Address, MediaDetails } from '../records.ts'
import { child, node, unixSeconds } from '../server/nodes.ts'
import { describeMessage } from './content.ts'
import type { Worker } from './worker.ts'

const { ResultType } = proto.MediaRetryNotification
/** The phone has lost it too. */
const NOT_FOUND = 2

/** `author`: in a group whoever wrote it, else the chat. */
const mediaOf = (worker: Worker, id: string, author: string | undefined): MediaDetails | undefined => {
  const { store, directory } = worker.exchange
  const { phone } = worker.self
  const other = directory.resolve(author)?.phone ?? ''
  for (const from of [other, phone]) {
    const seq = store.inboxIds.get([phone, from, id])
    const media = seq === undefined ? undefined : store.inbox.get([phone, seq])?.details?.media
    if (media) return media
  }
  const seq = store.sentIds.get([phone, id])
  const sent = seq === undefined ? undefined : store.sent.get([phone, seq])
  return sent && describeMessage(proto.Message.decode(sent.content)).details?.media
}

const sealAnswer = (answer: proto.IMediaRetryNotification, mediaKey: Buffer, id: string): BinaryNode => {
  const iv = randomBytes(12)
  const key = hkdf(mediaKey, 32, { info: 'WhatsApp Media Retry Notification' })
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(id))
  const sealed = Buffer.concat([
    cipher.update(proto.MediaRetryNotification.encode(answer).finish()),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return node('encrypt', {}, [node('enc_p', {}, sealed), node('enc_iv', {}, iv)])
}

export const uploadAgain = async (
  worker: Worker,
  asker: Address,
  receipt: BinaryNode,
  remove: () => void,
): Promise<void> => {
  const { exchange, self } = worker
  const id = receipt.attrs.id ?? ''
  const rmr = child(receipt, 'rmr')
  const media = mediaOf(worker, id, rmr?.attrs.participant ?? rmr?.attrs.jid)
  const kept = media && (await exchange.media.open(media.directPath))
  const again = kept && (await exchange.media.put(await buffer(kept)))
  const content =
    media && again
      ? [sealAnswer({ stanzaId: id, directPath: again.directPath, result: ResultType.SUCCESS }, media.mediaKey, id)]
      : [node('error', { code: NOT_FOUND })]
  exchange.transact(() => {
    remove()
    const attrs = { type: 'mediaretry', id, t: unixSeconds(), from: exchange.directory.jid(self, 'pn') }
    exchange.post(asker, 'notification', node('notification', attrs, rmr ? [...content, rmr] : content))
  })
}
