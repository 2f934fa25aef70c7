// Files on their way from and to WhatsApp, as streams: fetched and decrypted, encrypted and uploaded, asked for again.
import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import {
  decryptMediaRetryData,
  encryptedStream,
  encryptMediaRetryRequest,
  getMediaKeys,
  proto,
  type BaileysEventMap,
  type MediaType,
  type WASocket,
} from '@whiskeysockets/baileys'
import type { MediaKind } from '../../shared/model/media.ts'
import { getOutside } from '../outside/get-outside.ts'
import { partOf } from './media-content.ts'
import { toMediaUrl, type MediaPlace } from './media-place.ts'
import { toKey, type MessageRef } from './message-ref.ts'

export type Media = ReturnType<typeof createMedia>

/** WhatsApp does not have the file (any more). The phone may be asked for it. */
export class MediaGone extends Error {
  override readonly name = 'MediaGone'
}
/** Whatever WhatsApp has under that name, it is not the file. */
export class MediaBroken extends Error {
  override readonly name = 'MediaBroken'
}

/** What a message needs to say of an uploaded file. */
export type Upload = {
  url: string
  directPath: string
  mediaKey: Uint8Array
  fileSha256: Uint8Array
  fileEncSha256: Uint8Array
  fileLength: number
  /** Unix seconds. */
  mediaKeyTimestamp: number
}

const macBytes = 10
const phoneAnswersMs = 30_000
/** Nothing has moved for so long: the upload is given up, ms. */
const uploadSilenceMs = 60_000

/** What the keys are derived for. */
const sealTypeOf = (kind: MediaKind): MediaType => (kind === 'voice' ? 'audio' : kind)

export function createMedia(sock: WASocket, place: MediaPlace, meId: () => string) {
  const waiting = new Map<string, (update: BaileysEventMap['messages.media-update'][number]) => void>()

  return {
    /** The plain bytes of the file in a message. Throws MediaGone and MediaBroken, also in the midst of it. */
    async *download(raw: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      const found = partOf(proto.Message.decode(raw))
      const url = found && toMediaUrl(place, found.part)
      const isPlain = isPlainFile(found?.part)
      if (!found || url === undefined || !(isPlain || found.part.mediaKey?.length))
        throw new MediaBroken('the message names no file')
      const answer = await getOutside(url, {
        dispatcher: place.dispatcher,
        signal,
        headers: { origin: 'https://web.whatsapp.com' },
      })
      if (answer.status !== 200) {
        answer.body.destroy()
        if (answer.status === 404 || answer.status === 410) throw new MediaGone(`WhatsApp says ${answer.status}`)
        throw new Error(`WhatsApp's media host says ${answer.status}`)
      }
      if (isPlain) yield* answer.body as AsyncIterable<Uint8Array>
      else yield* unseal(answer.body, await getMediaKeys(found.part.mediaKey ?? null, sealTypeOf(found.kind)))
    },

    /** Asks our own phone to upload a file again: the message with its new place. Throws MediaGone when it has none. */
    async askAgain(ref: MessageRef, raw: Uint8Array): Promise<Uint8Array> {
      const message = proto.Message.decode(raw)
      const part = partOf(message)?.part
      if (isPlainFile(part)) throw new MediaGone('no phone has the file of a channel')
      if (!part?.mediaKey?.length) throw new MediaBroken('the message names no file')
      const { mediaKey } = part
      const update = await answerTo(ref.messageId, () =>
        sock.sendNode(encryptMediaRetryRequest(toKey(ref), mediaKey, meId())),
      )
      if (update.error || !update.media) throw new MediaGone('the phone does not have the file')
      const found = decryptMediaRetryData(update.media, mediaKey, ref.messageId)
      if (found.result !== proto.MediaRetryNotification.ResultType.SUCCESS || !found.directPath)
        throw new MediaGone('the phone could not upload the file')
      part.directPath = found.directPath
      return proto.Message.encode(message).finish()
    },

    /** Encrypts and uploads. On disk it lies encrypted only. */
    async upload(source: AsyncIterable<Uint8Array>, kind: MediaKind): Promise<Upload> {
      const sealed = await encryptedStream({ stream: Readable.from(source, { objectMode: false }) }, sealTypeOf(kind))
      try {
        const { mediaUrl, directPath } = await sock.waUploadToServer(sealed.encFilePath, {
          fileEncSha256B64: sealed.fileEncSha256.toString('base64'),
          mediaType: sealTypeOf(kind),
          timeoutMs: uploadSilenceMs,
        })
        const { mediaKey, fileSha256, fileEncSha256, fileLength } = sealed
        const mediaKeyTimestamp = Math.floor(Date.now() / 1000)
        return { url: mediaUrl, directPath, mediaKey, fileSha256, fileEncSha256, fileLength, mediaKeyTimestamp }
      } finally {
        await rm(sealed.encFilePath, { force: true })
      }
    },

    /** The phone has answered; nothing happens when nobody asked. */
    hear(updates: BaileysEventMap['messages.media-update']): void {
      for (const update of updates) if (update.key.id) waiting.get(update.key.id)?.(update)
    },
  }

  async function answerTo(messageId: string, ask: () => Promise<void>) {
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<BaileysEventMap['messages.media-update'][number]>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error('the phone does not answer')), phoneAnswersMs)
        waiting.set(messageId, resolve)
        ask().catch(reject)
      })
    } finally {
      clearTimeout(timer)
      waiting.delete(messageId)
    }
  }
}

/** As in channels; whoever stores it compares it with the hash that the message names. */
function isPlainFile(part: NonNullable<ReturnType<typeof partOf>>['part'] | undefined): boolean {
  return part !== undefined && !part.mediaKey?.length && part.fileSha256?.length === 32
}

type Keys = Awaited<ReturnType<typeof getMediaKeys>>

/** The MAC stands at the end, so that everything has been handed on when it is checked: whoever stores waits for the end. */
async function* unseal(sealed: AsyncIterable<Uint8Array>, { cipherKey, iv, macKey }: Keys): AsyncGenerator<Uint8Array> {
  if (!macKey) throw new MediaBroken('no key to check the file with')
  const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv)
  const mac = createHmac('sha256', macKey).update(iv)
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of sealed) {
    const all = Buffer.concat([held, chunk])
    const body = all.subarray(0, Math.max(0, all.length - macBytes))
    held = all.subarray(body.length)
    if (body.length === 0) continue
    mac.update(body)
    yield decipher.update(body)
  }
  if (held.length !== macBytes || !timingSafeEqual(mac.digest().subarray(0, macBytes), held))
    throw new MediaBroken('the file does not fit its key')
  try {
    yield decipher.final()
  } catch (error) {
    throw new MediaBroken('the file does not fit its key', { cause: error })
  }
}
