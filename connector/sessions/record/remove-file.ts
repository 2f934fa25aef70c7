// The file of a message that goes.
import type { Message } from '../../../shared/model/message.ts'
import { toOwnFileId } from '../../../shared/store/media.ts'
import type { RecordContext } from './context.ts'

/** What came with the message, or was fetched for it. A file of ours that was uploaded apart from it may be sent again. */
export async function removeFile(
  { store }: Pick<RecordContext, 'store'>,
  row: Pick<Message, 'media' | 'fromMe' | 'sessionId' | 'messageId'> | null,
): Promise<void> {
  const fileId = row?.media?.fileId
  if (fileId !== undefined && (!row?.fromMe || fileId === toOwnFileId(row.sessionId, row.messageId)))
    await store.media.remove(fileId)
}
