// Chats cleared and deleted, and what is pinned in them.
import { toChatView } from '../../../shared/model/chat.ts'
import { toPreview } from '../../../shared/model/content.ts'
import { toMessageKey, toMessageView, type Message } from '../../../shared/model/message.ts'
import type { AccountChange } from '../../whatsapp/account-facts.ts'
import { toFactKey, type RecordContext } from './context.ts'
import { removeFile } from './remove-file.ts'
import { senderIn, whereItStands } from './where-it-stands.ts'

type Of<Change extends AccountChange['change']> = Extract<AccountChange, { change: Change }>

const batch = 500

export async function recordCleared(context: RecordContext, what: Of<'chat-cleared'>): Promise<void> {
  const { store, sessionId, appender, addresses } = context
  const chatId = await addresses.knownChatId(what.chat)
  if (chatId === undefined) return
  // WhatsApp counts in seconds, our own messages in milliseconds.
  const upTo = new Date(Math.floor(what.upTo.getTime() / 1_000) * 1_000 + 999)
  for (let isMore = true; isMore;) {
    const rows = await store.messages.upTo(sessionId, chatId, upTo, batch)
    // Before their messages: cut short, they are found again.
    for (const row of rows) await removeFile(context, row)
    await store.messages.removeMany(rows.map(({ _id }) => _id))
    isMore = rows.length === batch
  }
  const [newest] = (await store.messages.page(sessionId, chatId, { limit: 1 })).data
  const chat = await store.chats.clear(sessionId, chatId, {
    upTo,
    deleted: what.deleted,
    lastMessage: newest && toLastMessage(newest),
  })
  if (!chat) return
  await appender.append([
    what.deleted && !newest
      ? {
          type: 'chat.deleted',
          key: toFactKey('chat.deleted', chatId, String(upTo.getTime())),
          data: { chatId, upTo },
        }
      : { type: 'chat.updated', data: toChatView(chat) },
  ])
}

function toLastMessage(row: Message) {
  const { messageId, type, fromMe, timestamp: at } = row
  const text = toPreview(row)?.slice(0, 500)
  return { messageId, type, fromMe, at, ...(text === undefined ? {} : { text }) }
}

export async function recordPin(context: RecordContext, what: Of<'pin'>): Promise<void> {
  const { store, sessionId, appender, addresses } = context
  const { target, at, until } = what
  const chatId = await addresses.knownChatId(target.chat)
  if (chatId === undefined) return
  const sender = await addresses.senderIdOf(chatId, target.sender)
  const pinner = await addresses.senderIdOf(chatId, what.by)
  const key = toMessageKey(sessionId, chatId, sender, target.messageId)
  const row = await whereItStands(context, key, (stands, inChat) =>
    store.messages.pin(stands, { by: senderIn(inChat, pinner), at, until }),
  )
  if (!row) return
  const by = senderIn(row.chatId, pinner)
  const data = { ...toMessageView(row), pin: { by, isPinned: until !== null, until } }
  const factKey = toFactKey('message.pinned', row._id, by, String(at.getTime()))
  await appender.append([{ type: 'message.pinned', key: factKey, data }])
}
