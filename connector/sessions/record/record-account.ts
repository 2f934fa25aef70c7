// What changed of the account → rows → events. Each step may be done again after a crash.
import type { AccountChange } from '../../whatsapp/account-facts.ts'
import type { RecordContext } from './context.ts'
import { recordCall } from './record-calls.ts'
import { recordCleared, recordPin } from './record-chat-changes.ts'
import { recordChatLabel, recordLabel } from './record-labels.ts'
import { recordMark } from './record-marks.ts'
import { recordBlocked, recordBlocklist, recordOwnName, recordPicture } from './record-people.ts'

export function recordAccount(context: RecordContext, what: AccountChange): Promise<void> {
  switch (what.change) {
    case 'chat-cleared':
      return recordCleared(context, what)
    case 'star':
    case 'message-hidden':
    case 'message-label':
      return recordMark(context, what)
    case 'pin':
      return recordPin(context, what)
    case 'label':
      return recordLabel(context, what)
    case 'chat-label':
      return recordChatLabel(context, what)
    case 'blocked':
      return recordBlocked(context, what.who, what.blocked)
    case 'blocklist':
      return recordBlocklist(context, what.who)
    case 'picture':
      return recordPicture(context, what)
    case 'own-name':
      return recordOwnName(context, what.name)
    case 'call':
      return recordCall(context, what)
  }
}
