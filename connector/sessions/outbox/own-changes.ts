// What an accepted command of ours changes in our own history: the server took it, so it is as if the phone had said it.
import { storiesJid } from '../../../shared/model/jid.ts'
import type { Command } from '../../../shared/model/command.ts'
import { toPreview } from '../../../shared/model/content.ts'
import { toMessageKey, toMessageView, type Message } from '../../../shared/model/message.ts'
import { toQueuedMessage } from '../../../shared/model/queued-message.ts'
import { recordAccount } from '../record/record-account.ts'
import { recordChange } from '../record/record-changes.ts'
import { keepAnswer } from '../record/record-answer.ts'
import { toFactKey, toPeople, type RecordContext } from '../record/context.ts'
import { whereItStands } from '../record/where-it-stands.ts'
import { receiptsFor } from '../record/group-receipts.ts'
import type { Jids } from '../../whatsapp/facts.ts'

/**
 * The rows of messages of one chat that are about to be sent, in order, and their `message.queued`. Idempotent.
 * Returns their keys.
 */
export async function recordQueued(
  context: RecordContext,
  commands: readonly Command<'message.send'>[],
  chat: Jids,
): Promise<string[]> {
  const { store, appender } = context
  const [{ createdAt } = { createdAt: new Date() }] = commands
  const chatId = await context.addresses.chatIdOf(chat, createdAt)
  const receipts = await receiptsFor(context, chatId)
  const toRow = (command: Command<'message.send'>, at: string) => ({ ...toQueuedMessage(command, at), ...receipts })
  const written = commands.map((command) => toRow(command, chatId))
  const fresh = await store.messages.insert(written)
  const movedTo = await context.addresses.movedTo(chatId)
  if (movedTo !== undefined) await store.chats.gather(context.sessionId, chatId, movedTo)
  const rows = movedTo === undefined ? written : commands.map((command) => toRow(command, movedTo))
  const told = appender.append(
    rows.map((row) => ({
      type: 'message.queued',
      key: toFactKey('message.queued', row._id),
      data: { ...toMessageView({ ...row, status: 'queued' }), ...toPeople(chat) },
    })),
  )
  const last = rows.filter((_, i) => fresh.has(written[i]!._id)).at(-1)
  await Promise.all([told, last && touchChat(context, last)])
  context.counters.add({ sent: fresh.size })
  return rows.map((row) => row._id)
}

async function touchChat({ store, sessionId }: RecordContext, last: Message): Promise<void> {
  if (last.chatId === storiesJid) return
  const { messageId, chatId, type, timestamp: at } = last
  const text = toPreview(last)?.slice(0, 500)
  await store.chats.touch(sessionId, chatId, {
    lastMessage: { messageId, type, fromMe: true, at, ...(text === undefined ? {} : { text }) },
    unread: 'clear',
  })
}

/** The row that a former owner may have made. */
export async function rowOf(context: RecordContext, command: Command<'message.send'>): Promise<Message | null> {
  const rows = await context.store.messages.find(context.sessionId, command.messageId ?? command._id)
  return rows.find((row) => row.fromMe && row.commandId === command._id) ?? null
}

/** The server has had it: it must not go again. */
export const isOnItsWay = ({ status }: Message): boolean =>
  status === 'sent' || status === 'delivered' || status === 'read' || status === 'played'

/** A crash may have come between the row's `sent` and its event. */
export async function tellSent({ appender }: RecordContext, row: Message): Promise<void> {
  if (row.status === 'sent')
    await appender.append([{ type: 'message.sent', key: toFactKey('message.sent', row._id), data: toMessageView(row) }])
}

/** A message that will never go: its row says why. */
export async function recordFailed(
  context: RecordContext,
  key: string,
  error: { code: string; reason: string },
): Promise<void> {
  const { messages } = context.store
  const row = await whereItStands(
    context,
    key,
    async (at) => (await messages.advance(at, 'failed', new Date(), error)) ?? messages.read(at),
  )
  if (row?.status === 'failed')
    await context.appender.append([
      { type: 'message.failed', key: toFactKey('message.failed', row._id), data: toMessageView(row) },
    ])
}

const keyOf = (sessionId: string, target: { chatId: string; targetId: string; targetSender: string }) =>
  toMessageKey(sessionId, target.chatId, target.targetSender, target.targetId)

/** Edits, revokes, reactions and answers of ours, once the server has them. */
export async function recordOwnChange(context: RecordContext, command: Command, at: Date): Promise<void> {
  switch (command.kind) {
    case 'message.edit': {
      const { chatId, targetId, text } = (command as Command<'message.edit'>).payload
      return recordChange(context, {
        kind: 'edit',
        target: { chat: [chatId], sender: 'me', messageId: targetId },
        text,
        at,
      })
    }
    case 'message.revoke': {
      const { chatId, targetId, targetSender = 'me' } = (command as Command<'message.revoke'>).payload
      const sender = targetSender === 'me' ? ('me' as const) : ([targetSender] as const)
      return recordChange(context, {
        kind: 'revoke',
        target: { chat: [chatId], sender, messageId: targetId },
        at,
      })
    }
    case 'message.react': {
      const { chatId, targetId, targetSender, emoji } = (command as Command<'message.react'>).payload
      const sender = targetSender === 'me' ? ('me' as const) : ([targetSender] as const)
      return recordChange(context, {
        kind: 'reaction',
        target: { chat: [chatId], sender, messageId: targetId },
        by: 'me',
        emoji,
        at,
      })
    }
    case 'message.vote': {
      const { payload, sessionId } = command as Command<'message.vote'>
      return keepAnswer(context, keyOf(sessionId, payload), 'me', { options: payload.options }, at)
    }
    case 'message.respond': {
      const { payload, sessionId } = command as Command<'message.respond'>
      return keepAnswer(context, keyOf(sessionId, payload), 'me', { answer: payload.answer }, at)
    }
    case 'message.pin': {
      const { chatId, targetId, targetSender, seconds } = (command as Command<'message.pin'>).payload
      const sender = targetSender === 'me' ? ('me' as const) : ([targetSender] as const)
      return recordAccount(context, {
        change: 'pin',
        target: { chat: [chatId], sender, messageId: targetId },
        by: 'me',
        at,
        until: seconds === 0 ? null : new Date(at.getTime() + seconds * 1_000),
      })
    }
    // These change nothing of ours, or their act has recorded it.
    case 'message.send':
    case 'message.star':
    case 'message.hide':
    case 'message.label':
    case 'chat.read':
    case 'chat.typing':
    case 'chat.history':
    case 'chat.set':
    case 'chat.unread':
    case 'chat.clear':
    case 'chat.delete':
    case 'label.set':
    case 'presence.set':
    case 'presence.subscribe':
    case 'contacts.check':
    // WhatsApp tells everybody in a group of what was done to it, us too.
    case 'group.create':
    case 'group.update':
    case 'group.participants':
    case 'group.leave':
    case 'group.join':
    case 'group.invite':
    case 'group.renew_invite':
    case 'group.requests':
    case 'group.decide_requests':
    case 'channel.read':
    case 'channel.follow':
    case 'channel.mute':
    case 'channel.create':
    case 'channel.update':
    case 'channel.picture':
    case 'channel.delete':
    case 'channel.posts':
    case 'channel.watch':
    case 'media.fetch':
    case 'contact.block':
    case 'contact.about':
    case 'contact.picture':
    case 'contact.addresses':
    case 'blocklist.read':
    case 'profile.read':
    case 'profile.set':
    case 'picture.set':
    case 'privacy.read':
    case 'privacy.set':
    case 'call.reject':
      return undefined
  }
}
