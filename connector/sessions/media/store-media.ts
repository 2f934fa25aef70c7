// The file of one message, fetched from WhatsApp and stored: the row says where it is, and the feed that it is there.
import { isPersonJid } from '../../../shared/model/jid.ts'
import type { MessageMedia } from '../../../shared/model/media.ts'
import { toMessageView, type Message } from '../../../shared/model/message.ts'
import { Problem, type ProblemCode } from '../../../shared/model/problem.ts'
import { toMessageFileId } from '../../../shared/store/media.ts'
import { MediaBroken, MediaGone } from '../../whatsapp/media.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import { inspectFile } from './inspect-file.ts'
import { toFactKey, type RecordContext } from '../record/context.ts'
import { whereItStands } from '../record/where-it-stands.ts'

export type FetchContext = { record: RecordContext; connection: Connection; maxBytes: number; signal: AbortSignal }

/**
 * The row with its stored file. Throws `media.expired`, `media.corrupt`, `media.too_large`, `media.none`, which no later
 * try will mend; anything else may pass. Done twice, it is done once.
 */
export async function storeMedia(context: FetchContext, row: Message): Promise<Message> {
  const { record } = context
  const { store, sessionId, appender } = record
  if (!row.media || !row.raw) throw new Problem('media.none')
  if ((row.media.size ?? 0) > context.maxBytes) throw new Problem('media.too_large')
  const fileId = toMessageFileId(row._id)
  let { raw } = row
  const standing = row.media.state === 'stored' ? null : await store.media.read(fileId)
  const write = async () =>
    store.media.write(context.connection.media.download(raw, context.signal), {
      owner: { sessionId },
      fileId,
      maxBytes: context.maxBytes,
      mimetype: row.media?.mimetype,
      fileName: row.media?.fileName,
      sha256: row.media?.sha256,
    })
  const file =
    standing ??
    (await write().catch(async (error: unknown) => {
      if (!(error instanceof MediaGone)) throw error
      raw = await askPhone(context, row, raw)
      return write()
    }))
  const { facts } = await inspectFile(store.media, file)
  const { error: _error, fetchAt: _fetchAt, attempts: _attempts, ...known } = row.media
  // What the sender says of its length and its waveform goes before what we find.
  const media: MessageMedia = {
    ...facts,
    ...known,
    mimetype: file.mimetype,
    size: file.size,
    sha256: file.sha256,
    state: 'stored',
    fileId,
  }
  const stored = await whereItStands(record, row._id, (at) =>
    store.messages.setMedia(at, media, raw === row.raw ? undefined : raw),
  )
  if (!stored) {
    // Revoked meanwhile: nothing of it is kept.
    await store.media.remove(fileId)
    throw new Problem('media.none')
  }
  const key = toFactKey('message.media_ready', row._id)
  await appender.append([{ type: 'message.media_ready', key, data: toMessageView(stored) }])
  return stored
}

async function askPhone({ connection }: FetchContext, row: Message, raw: Uint8Array): Promise<Uint8Array> {
  const inGroup = !isPersonJid(row.chatId) && !row.fromMe
  const ref = {
    chat: row.chatId,
    messageId: row.messageId,
    fromMe: row.fromMe,
    ...(inGroup ? { participant: row.sender } : {}),
  }
  return connection.media.askAgain(ref, raw).catch((error: unknown) => {
    if (error instanceof MediaGone) throw new Problem('media.expired', { cause: error })
    throw error
  })
}

/** What to tell of a failure, and whether a later try may fare better. */
export function toFetchFault(error: unknown): { code: ProblemCode; reason: string; isFinal: boolean } {
  const problem =
    error instanceof Problem
      ? error
      : error instanceof MediaBroken
        ? new Problem('media.corrupt', { cause: error })
        : error instanceof MediaGone
          ? new Problem('media.expired', { cause: error })
          : new Problem('media.not_ready', { cause: error })
  return {
    code: problem.code,
    reason: problem.message,
    isFinal: problem.code.startsWith('media.') && !problem.retryable,
  }
}
