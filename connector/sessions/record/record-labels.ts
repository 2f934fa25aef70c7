// Labels, and the chats they are put on; with a label its marks go, on chats and on messages.
import { toChatView, type Chat } from '../../../shared/model/chat.ts'
import { isLabelId, labelColors, toLabelView } from '../../../shared/model/label.ts'
import type { Message } from '../../../shared/model/message.ts'
import type { AccountChange } from '../../whatsapp/account-facts.ts'
import type { RecordContext } from './context.ts'
import { toLabelEvent } from './record-marks.ts'

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
  if (deleted) await unlabelAll(context, labelId)
  await appender.append([
    deleted ? { type: 'label.deleted', data: { labelId } } : { type: 'label.updated', data: toLabelView(label) },
  ])
}

/** Told before it is done: cut short, what still has the label is found and told again. */
async function unlabelAll({ store, sessionId, appender }: RecordContext, labelId: string): Promise<void> {
  const tellChats = async (chats: readonly Chat[]) =>
    void (await appender.append(chats.map((chat) => ({ type: 'chat.updated', data: toChatView(chat) }))))
  const tellMessages = async (rows: readonly Message[]) =>
    void (await appender.append(rows.map((row) => toLabelEvent(row, labelId, false))))
  while ((await store.chats.unlabel(sessionId, labelId, batch, tellChats)) === batch);
  while ((await store.messageLabels.unlabel(sessionId, labelId, batch, tellMessages)) === batch);
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
