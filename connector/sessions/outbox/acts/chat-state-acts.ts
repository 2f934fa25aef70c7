// Changes to chats that the phone shows as well. Each is made at WhatsApp first, then in our row; all of them may be made twice.
import type { Command } from '../../../../shared/model/command.ts'
import type { Newest } from '../../../whatsapp/chats.ts'
import { recordAccount } from '../../record/record-account.ts'
import { recordChats } from '../../record/record-directory.ts'
import { inItsChat } from '../../record/where-it-stands.ts'
import { done, idOf, toRef, type ActContext, type Acts, type Outcome } from './act.ts'

/** Up to where a change reaches. */
async function newestOf(context: ActContext, chatId: string): Promise<Newest> {
  const page = (at: string) => context.store.messages.page(context.sessionId, at, { limit: 1 })
  const [row] = (await inItsChat(context, chatId, page)).data
  return row && { ref: toRef(context, row), at: row.timestamp }
}

async function setChat(context: ActContext, command: Command<'chat.set'>): Promise<Outcome> {
  const { connection, store, sessionId } = context
  const { chatId, archived, pinned, mutedUntil, ephemeralSeconds, labels } = command.payload
  const { chats } = connection
  if (archived !== undefined) await chats.archive(chatId, archived, await newestOf(context, chatId))
  if (pinned !== undefined) await chats.pin(chatId, pinned)
  if (mutedUntil !== undefined) await chats.mute(chatId, mutedUntil)
  if (ephemeralSeconds !== undefined) await chats.setEphemeral(chatId, ephemeralSeconds, idOf(command))
  const fact = {
    jids: [chatId] as const,
    ...(archived === undefined ? {} : { archived }),
    ...(pinned === undefined ? {} : { pinned }),
    ...(mutedUntil === undefined ? {} : { mutedUntil }),
    ...(ephemeralSeconds === undefined ? {} : { ephemeralSeconds }),
  }
  await recordChats(context, [fact], true)
  if (labels) {
    const has = (await store.chats.resolve(sessionId, [chatId]))?.labels ?? []
    for (const labelId of new Set([...has, ...labels])) {
      const labeled = labels.includes(labelId)
      if (labeled === has.includes(labelId)) continue
      await chats.label(chatId, labelId, labeled)
      await recordAccount(context, { change: 'chat-label', chat: [chatId], labelId, labeled })
    }
  }
  return done
}

async function clear(context: ActContext, chatId: string, deleted: boolean): Promise<Outcome> {
  const newest = await newestOf(context, chatId)
  const { chats } = context.connection
  await (deleted ? chats.remove(chatId, newest) : chats.clear(chatId, newest))
  await recordAccount(context, { change: 'chat-cleared', chat: [chatId], upTo: newest?.at ?? new Date(), deleted })
  return done
}

export const chatStateActs: Acts<'chat.set' | 'chat.unread' | 'chat.clear' | 'chat.delete' | 'label.set'> = {
  'chat.set': setChat,
  'chat.unread': async (context, { payload: { chatId } }) => {
    await context.connection.chats.markRead(chatId, false, await newestOf(context, chatId))
    await recordChats(context, [{ jids: [chatId], markedUnread: true }], true)
    return done
  },
  'chat.clear': (context, { payload }) => clear(context, payload.chatId, false),
  'chat.delete': (context, { payload }) => clear(context, payload.chatId, true),
  'label.set': async (context, { payload }) => {
    const { labelId, name, color, deleted } = payload
    await context.connection.chats.editLabel({ id: labelId, name, color, deleted })
    await recordAccount(context, { change: 'label', labelId, name, color, deleted })
    return { outcome: 'done', result: { labelId } }
  },
}
