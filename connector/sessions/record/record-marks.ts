// What their reader does to single messages, on the phone or over us: stars, labels, deleted for me. Heard of before the
// message, a mark waits for it.
import { isLabelId } from '../../../shared/model/label.ts'
import { toMessageView, type Message } from '../../../shared/model/message.ts'
import type { EventInput } from '../../../shared/model/event.ts'
import type { MessageFact } from '../../whatsapp/facts.ts'
import { toFactKey, type RecordContext } from './context.ts'
import type { Mark } from './early-marks.ts'
import { removeFile } from './remove-file.ts'
import { inItsChat, whereItStands } from './where-it-stands.ts'

export async function recordMark(context: RecordContext, mark: Mark): Promise<void> {
  if (mark.change === 'message-label' && !isLabelId(mark.labelId)) return
  const rows = await rowsOf(context, mark)
  for (const row of rows) await markRow(context, row, mark)
  // An older word that still waits would come after it.
  await (rows.length > 0 ? context.early?.done(mark) : context.early?.keep(mark))
}

/** Marks that were heard before their messages. */
export async function recordEarlyMarks(context: RecordContext, facts: readonly MessageFact[]): Promise<void> {
  for (const { messageId } of facts)
    for (const mark of context.early?.of(messageId) ?? []) {
      const rows = await rowsOf(context, mark)
      for (const row of rows) await markRow(context, row, mark)
      if (rows.length > 0) await context.early?.done(mark)
    }
}

/** App state names no author: of several messages with one id in one chat, all on the named side have it. */
async function rowsOf(context: RecordContext, mark: Mark): Promise<Message[]> {
  const { chat, messageId, fromMe } = 'target' in mark ? mark.target : { ...mark, fromMe: undefined }
  const chatId = await context.addresses.knownChatId(chat)
  if (chatId === undefined) return []
  const find = (at: string) => context.store.messages.find(context.sessionId, messageId, at)
  const rows = await inItsChat(context, chatId, find)
  return fromMe === undefined ? rows : rows.filter((row) => row.fromMe === fromMe)
}

async function markRow(context: RecordContext, row: Message, mark: Mark): Promise<void> {
  const { store, sessionId, appender } = context
  const { _id, chatId, messageId, fromMe } = row
  switch (mark.change) {
    case 'star': {
      const stands = await whereItStands(context, _id, (key) => store.messages.star(key, mark.starred))
      if (!stands) return
      const data = { ...toMessageView(stands), isStarred: mark.starred }
      return void (await appender.append([{ type: 'message.starred', data }]))
    }
    case 'message-label': {
      const { labelId, labeled } = mark
      const stands = await whereItStands(context, _id, (key) => store.messageLabels.label(key, labelId, labeled))
      if (stands) await appender.append([toLabelEvent(stands, labelId, labeled)])
      return
    }
    case 'message-hidden': {
      const data = { sessionId, chatId, messageId, fromMe }
      // The event first: with the row gone nobody would know any more that it has to be told.
      await appender.append([{ type: 'message.deleted', key: toFactKey('message.deleted', _id), data }])
      await removeFile(context, row)
      await whereItStands(context, _id, (key) => store.messages.removeMany([key]))
    }
  }
}

export const toLabelEvent = (row: Message, labelId: string, isOn: boolean): EventInput => ({
  type: 'message.labeled',
  data: { ...toMessageView(row), labels: row.labels ?? [], label: { labelId, isOn } },
})
