// The setting `rejectCalls`: a call is rejected as soon as it is stored, and its caller is told why, once for each call.
import { createHash } from 'node:crypto'
import type { RejectCalls } from '../../shared/model/session.ts'
import type { CallChange } from '../whatsapp/account-facts.ts'
import type { Connection } from '../whatsapp/connection.ts'
import { recordAccount } from './record/record-account.ts'
import type { RecordContext } from './record/context.ts'

/** Who called long ago, while nobody was here, is not answered now, ms. */
const freshMs = 120_000

export async function rejectCall(
  held: { context: RecordContext; connection: Connection; settings: RejectCalls | undefined },
  call: CallChange,
): Promise<void> {
  const { context, connection, settings } = held
  if (!settings?.enabled || call.state !== 'offered' || Date.now() - call.at.getTime() > freshMs) return
  const { store, sessionId } = context
  if ((await store.calls.read(sessionId, call.callId))?.endedAt) return
  await connection.account.rejectCall(call.callId, call.from)
  // A group is not told: the call was not made by one person to us.
  if (settings.message !== undefined && !call.isGroup) await tellCaller(context, call, settings.message)
  await recordAccount(context, { ...call, state: 'rejected', at: new Date() })
}

/** The order's and the message's ids come from the call's: told of it again, the same order is met. */
async function tellCaller({ store, sessionId }: RecordContext, call: CallChange, text: string): Promise<void> {
  const name = createHash('sha256').update(`${sessionId}/${call.callId}`).digest('hex')
  const chat = await store.chats.resolve(sessionId, call.caller)
  const to = chat?.chatId ?? call.caller[0]
  const expiresAt = new Date(call.at.getTime() + 3_600_000)
  await store.commands.accept({
    _id: `cmd_call_${name.slice(0, 32)}`,
    sessionId,
    kind: 'message.send',
    lane: to,
    payload: { to, content: { type: 'text', text } },
    messageId: `3EB0${name.slice(0, 18).toUpperCase()}`,
    actor: 'setting rejectCalls',
    expiresAt,
    // With the same one as before, or the text that was changed meanwhile would be refused.
    bodyHash: 'rejectCalls',
  })
}
