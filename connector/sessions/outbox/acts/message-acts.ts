// Messages of ours, and what we do to messages.
import type { PlainContent } from '../../../../shared/model/content.ts'
import { isTooOldToEdit } from '../../../../shared/model/edit-window.ts'
import { nameInGroup } from './name-in-group.ts'
import type { Command, CommandKind } from '../../../../shared/model/command.ts'
import { refusalOf } from '../../../whatsapp/groups.ts'
import type { MessageRef } from '../../../whatsapp/message-ref.ts'
import { isChannelJid, isGroupJid } from '../../../../shared/model/jid.ts'
import type { SendOutcome } from '../../../whatsapp/sending.ts'
import { sendMedia } from './media-acts.ts'
import { rowNow } from '../../record/where-it-stands.ts'
import { mayPost, reactToPost } from './channel-acts.ts'
import type { OwnCopyKind } from './own-copy-acts.ts'
import { awaitingAck, idOf, targetOf, unknownTarget, type ActContext, type Acts, type Outcome } from './act.ts'

const notOnWhatsapp: Outcome = {
  outcome: 'failed',
  code: 'recipient.not_on_whatsapp',
  reason: 'This number is not on WhatsApp',
}

const notInGroup: Outcome = {
  outcome: 'failed',
  code: 'group.not_found',
  reason: 'This session is in no such group',
}

/** Who sends into a group asks for its members first; WhatsApp refuses that to whoever is not in it. */
async function orNoGroup<T>(to: string, send: () => Promise<T>): Promise<T | 'no-group'> {
  try {
    return await send()
  } catch (error) {
    if (isGroupJid(to) && [401, 403, 404].includes(refusalOf(error) ?? 0)) return 'no-group'
    throw error
  }
}

const revoked: Outcome = { outcome: 'failed', code: 'message.revoked', reason: 'It was taken back' }

const tooOld: Outcome = {
  outcome: 'failed',
  code: 'message.too_old',
  reason: 'It was sent too long ago: nobody would see the change',
}

async function quotedFor(context: ActContext, chatId: string, messageId: string | undefined) {
  if (messageId === undefined) return undefined
  const found = await targetOf(context, { chatId, targetId: messageId })
  if (!found) return undefined
  const { ref, row } = found
  return { ref, ...(row.raw ? { raw: row.raw } : {}), ...(row.text === undefined ? {} : { text: row.text }) }
}

async function keepRaw(context: ActContext, chatId: string, messageId: string, raw: Uint8Array): Promise<void> {
  const { store, sessionId, addresses } = context
  await store.messages.keepRaw(sessionId, messageId, raw)
  // Its row may have been on the way into another chat when this was written.
  if ((await addresses.movedTo(chatId)) !== undefined) await store.messages.keepRaw(sessionId, messageId, raw)
}

/** The page that was asked before stands in the message's row. */
async function previewed(
  context: ActContext,
  chatId: string,
  messageId: string,
  content: PlainContent,
): Promise<PlainContent> {
  if (content.type !== 'text' || content.linkPreview !== true) return content
  const { linkPreview: _asked, ...said } = content
  const { linkPreview, previewPicture: picture } = (await rowNow(context, { chatId, targetId: messageId }, 'me')) ?? {}
  return linkPreview ? { ...said, linkPreview: { ...linkPreview, ...(picture ? { picture } : {}) } } : said
}

async function forward(
  context: ActContext,
  command: Command<'message.send'>,
  chatId: string,
  source: { chatId: string; sender: string; messageId: string },
): Promise<Outcome> {
  const found = await targetOf(context, { chatId: source.chatId, targetId: source.messageId }, source.sender)
  if (!found || found.row.revokedAt) return unknownTarget
  const { raw, text = '', fromMe } = found.row
  const { to, ephemeralSeconds } = command.payload
  const sent = await orNoGroup(to, () =>
    context.connection.sending.forward(to, idOf(command), raw ?? text, { isOwn: fromMe, ephemeralSeconds }),
  )
  if (sent === 'no-group') return notInGroup
  if (sent.outcome === 'not_on_whatsapp') return notOnWhatsapp
  await keepRaw(context, chatId, idOf(command), sent.raw)
  return awaitingAck
}

/** A vote or an answer to an event, sealed for those who see what it answers. */
async function answer(
  context: ActContext,
  command: Command<'message.vote' | 'message.respond'>,
  send: (ref: MessageRef, raw: Uint8Array) => Promise<SendOutcome | undefined>,
): Promise<Outcome> {
  const target = await targetOf(context, command.payload, command.payload.targetSender)
  if (!target || target.row.revokedAt) return unknownTarget
  const sent = target.row.raw && (await send(target.ref, target.row.raw))
  return sent ? awaitingAck : { outcome: 'failed', code: 'message.not_answerable', reason: 'Its secret is not known' }
}

/** The others stand in `own-copy-acts.ts`. */
type MessageKind = Exclude<Extract<CommandKind, `message.${string}`>, OwnCopyKind>

export const messageActs: Acts<MessageKind> = {
  'message.vote': (context, command) =>
    answer(context, command, (ref, raw) =>
      context.connection.sending.vote(ref, raw, idOf(command), command.payload.options),
    ),
  'message.respond': (context, command) =>
    answer(context, command, (ref, raw) =>
      context.connection.sending.respond(ref, raw, idOf(command), command.payload.answer),
    ),
  'message.send': async (context, command) => {
    const { to, content, quotedMessageId, ephemeralSeconds, viewers } = command.payload
    const messageId = idOf(command)
    const chatId = await context.addresses.chatIdOf(context.connection.identify(to), command.createdAt)
    const refusal = isChannelJid(chatId) ? await mayPost(context, chatId) : undefined
    if (refusal) return refusal
    if (content.type === 'forward') return forward(context, command, chatId, content.source)
    const quoted = await quotedFor(context, chatId, quotedMessageId)
    const send = async () =>
      'media' in content
        ? sendMedia(context, command, { quoted, ephemeralSeconds })
        : context.connection.sending.message(
            to,
            messageId,
            await nameInGroup(context, chatId, await previewed(context, chatId, messageId, content)),
            { quoted, ephemeralSeconds, viewers },
          )
    const sent = await orNoGroup(to, send)
    if (sent === 'no-group') return notInGroup
    if (sent.outcome === 'not_on_whatsapp') return notOnWhatsapp
    // A plain text can be made again for a resend; anything else is kept as it went.
    if (quoted || ephemeralSeconds || content.type !== 'text' || content.mentions || content.linkPreview)
      await keepRaw(context, chatId, messageId, sent.raw)
    return awaitingAck
  },
  'message.edit': async (context, command) => {
    const target = await targetOf(context, command.payload, 'me')
    if (!target) return unknownTarget
    if (target.row.revokedAt) return revoked
    // It may have waited long for a connection.
    if (isTooOldToEdit(target.row, new Date())) return tooOld
    await context.connection.sending.edit(target.ref, idOf(command), command.payload.text)
    return awaitingAck
  },
  'message.revoke': async (context, command) => {
    const target = await targetOf(context, command.payload, command.payload.targetSender ?? 'me')
    if (!target) return unknownTarget
    await context.connection.sending.revoke(target.ref, idOf(command))
    return awaitingAck
  },
  'message.react': async (context, command) => {
    const target = await targetOf(context, command.payload, command.payload.targetSender)
    if (!target) return unknownTarget
    if (target.row.revokedAt) return revoked
    if (isChannelJid(target.row.chatId)) return reactToPost(context, command, target.row)
    await context.connection.sending.react(target.ref, idOf(command), command.payload.emoji)
    return awaitingAck
  },
}
