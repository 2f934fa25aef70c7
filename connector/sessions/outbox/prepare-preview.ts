// Before a text with a preview that we are to make goes on the wire, the page behind its first address is asked.
import type { Command } from '../../../shared/model/command.ts'
import { findAddress } from '../media/preview-page.ts'
import type { RecordContext } from '../record/context.ts'
import { whereItStands } from '../record/where-it-stands.ts'

/** Asked once: what stands in the row already is what goes out. A text whose page says nothing goes without. */
export async function preparePreview(context: RecordContext, command: Command, key: string | undefined): Promise<void> {
  if (command.kind !== 'message.send' || key === undefined || !context.media) return
  const { content } = (command as Command<'message.send'>).payload
  if (content.type !== 'text' || content.linkPreview !== true) return
  const url = findAddress(content.text)
  const { messages } = context.store
  if (url === undefined || (await whereItStands(context, key, (at) => messages.read(at)))?.linkPreview) return
  const linkPreview = await context.media.preview(url)
  if (linkPreview) await whereItStands(context, key, (at) => messages.setPreview(at, linkPreview))
}
