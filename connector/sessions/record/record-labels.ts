// Labels, and the chats they are put on; with a label its marks go, on chats and on messages.
import { toChatView } from '../../../shared/model/chat.ts'
import { isLabelId, labelColors, toLabelView } from '../../../shared/model/label.ts'
import type { AccountChange } from '../../whatsapp/account-facts.ts'
import type { RecordContext } from './context.ts'
import { toLabelEvent } from './record-message-labels.ts'

type Of<Change extends AccountChange['change']> = Extract<AccountChange, { change: Change }>

const longestName = 200
const batch = 200

export async function recordLabel(context: RecordContext, what: Of<'label'>): Promise<void> {
  const { store, sessionId, appender } = context
  const { labelId, name, color, deleted } = what
  if (!isLabelId(labelId)) return
  const isColor = color !== undefined && Number.isInteger(color) && color >= 0 && color < labelColors
  const label = await store.labels.put(sessionId, labelId, {
    deleted,
    ...(name === undefined ? {} : { name: name.slice(0, longestName) }),
    ...(isColor ? { color } : {}),
  })
  if (!label) return
  if (deleted) for (let off = batch; off === batch;) off = await unlabel(context, labelId)
  if (deleted) for (let off = batch; off === batch;) off = await unlabelMessages(context, labelId)
  await appender.append([
    deleted ? { type: 'label.deleted', data: { labelId } } : { type: 'label.updated', data: toLabelView(label) },
  ])
}

async function unlabel(context: RecordContext, labelId: string): Promise<number> {
  const { store, sessionId, appender } = context
  const chatIds = await store.chats.unlabel(sessionId, labelId, batch)
  const chats = chatIds.length > 0 ? await store.chats.resolveAll(sessionId, chatIds) : []
  await appender.append(chats.map((chat) => ({ type: 'chat.updated', data: toChatView(chat) })))
  return chatIds.length
}

async function unlabelMessages({ store, sessionId, appender }: RecordContext, labelId: string): Promise<number> {
  const rows = await store.messageLabels.unlabel(sessionId, labelId, batch)
  await appender.append(rows.map((row) => toLabelEvent(row, labelId, false)))
  return rows.length
}

export async function recordChatLabel(context: RecordContext, what: Of<'chat-label'>): Promise<void> {
  const { store, sessionId, appender, addresses } = context
  if (!isLabelId(what.labelId)) return
  const chatId = what.labeled ? await addresses.chatIdOf(what.chat, new Date()) : await addresses.knownChatId(what.chat)
  if (chatId === undefined) return
  await store.chats.label(sessionId, chatId, what.labelId, what.labeled)
  const chat = await store.chats.resolve(sessionId, [chatId])
  if (chat) await appender.append([{ type: 'chat.updated', data: toChatView(chat) }])
}
