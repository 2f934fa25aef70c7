// Files: fetched because somebody asks for one, and sent with a message.
import type { OutMedia } from '../../../../shared/model/content.ts'
import type { Command } from '../../../../shared/model/command.ts'
import type { Extras, SendOutcome } from '../../../whatsapp/sending.ts'
import { toFetchFault } from '../../media/store-media.ts'
import { idOf, targetOf, unknownTarget, type ActContext, type Acts, type Outcome } from './act.ts'

/** Less than an answer may take (functions/ask.ts); the file goes on being fetched. */
const longestWaitMs = 15_000
const notReady: Outcome = { outcome: 'failed', code: 'media.not_ready', reason: 'The file is still being fetched' }

export const mediaActs: Acts<'media.fetch'> = {
  'media.fetch': async (context, { payload }) => {
    const found = await targetOf(context, payload, payload.sender)
    if (!found || !context.media) return unknownTarget
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Outcome>((resolve) => (timer = setTimeout(() => resolve(notReady), longestWaitMs)))
    const fetching = context.media.fetch(found.row).then(
      ({ media }): Outcome => ({ outcome: 'done', result: { fileId: media?.fileId } }),
      (error: unknown): Outcome => {
        const { code, reason } = toFetchFault(error)
        return { outcome: 'failed', code, reason }
      },
    )
    return Promise.race([fetching, late]).finally(() => clearTimeout(timer))
  },
}

/** What it needs of its file has been made ready before; it is found again, not done again. */
export async function sendMedia(
  context: ActContext,
  command: Command<'message.send'>,
  extras: Extras,
): Promise<SendOutcome> {
  const { to, content } = command.payload
  if (!context.media) throw new Error('this session sends no files')
  const ready = await context.media.ready(idOf(command), content as OutMedia)
  return context.connection.sending.media(to, idOf(command), ready, extras)
}
