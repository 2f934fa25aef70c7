// Before a message with a file goes on the wire its file is made ready: that may take long, and is no silence of WhatsApp's.
import { isDeepStrictEqual } from 'node:util'
import type { Command } from '../../../shared/model/command.ts'
import type { MessageMedia } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { RecordContext } from '../record/context.ts'
import { whereItStands } from '../record/where-it-stands.ts'

/** A file at an address that does not answer is not worth a chat's waiting for long. */
const addressAttempts = 3

/** What makes it impossible; `undefined` = ready, or nothing to be made ready. Other errors may pass. */
export async function prepareMedia(
  context: RecordContext,
  command: Command,
  key: string | undefined,
): Promise<{ code: string; reason: string } | undefined> {
  if (command.kind !== 'message.send' || key === undefined) return undefined
  const { content } = (command as Command<'message.send'>).payload
  if (!('media' in content) || !context.media) return undefined
  try {
    const { facts, fileId } = await context.media.ready(command.messageId ?? command._id, content)
    await whereItStands(context, key, async (at) => {
      const row = await context.store.messages.read(at)
      if (!row?.media) return
      const media: MessageMedia = { ...row.media, ...facts, state: 'stored', fileId }
      if (!isDeepStrictEqual(media, row.media)) await context.store.messages.setMedia(at, media)
    })
    return undefined
  } catch (error) {
    if (!(error instanceof Problem) || !error.code.startsWith('media.')) throw error
    if (error.retryable && command.attempts < addressAttempts) throw error
    return { code: error.code, reason: error.message }
  }
}
