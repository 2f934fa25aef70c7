// Labels on single messages, put on and taken off by the phone or by us.
import { isLabelId } from '../../../shared/model/label.ts'
import { toMessageView, type Message } from '../../../shared/model/message.ts'
import type { EventInput } from '../../../shared/model/event.ts'
import type { AccountChange } from '../../whatsapp/account-facts.ts'
import type { RecordContext } from './context.ts'

type MessageLabel = Extract<AccountChange, { change: 'message-label' }>

export const toLabelEvent = (row: Message, labelId: string, isOn: boolean): EventInput => ({
  type: 'message.labeled',
  data: { ...toMessageView(row), labels: row.labels ?? [], label: { labelId, isOn } },
})

/** App state names no author: of several messages with one id in one chat all have it. */
export async function recordMessageLabel(context: RecordContext, what: MessageLabel): Promise<void> {
  const { store, sessionId, appender, addresses } = context
  if (!isLabelId(what.labelId)) return
  const chatId = await addresses.knownChatId(what.chat)
  const rows = chatId === undefined ? [] : await store.messages.find(sessionId, what.messageId, chatId)
  // The phone's changes are read at once; the message itself may still be on its way.
  if (rows.length === 0) return context.early?.keepLabel(what)
  for (const { _id } of rows) {
    const row = await store.messageLabels.label(_id, what.labelId, what.labeled)
    if (row) await appender.append([toLabelEvent(row, what.labelId, what.labeled)])
  }
}
