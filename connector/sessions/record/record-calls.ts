// Calls: who rang, and how it ended.
import { toCallView, type CallState } from '../../../shared/model/call.ts'
import { phoneOf } from '../../../shared/model/jid.ts'
import type { CallChange } from '../../whatsapp/account-facts.ts'
import { toFactKey, type RecordContext } from './context.ts'

const endStates: Record<Exclude<CallChange['state'], 'offered' | 'accepted'>, CallState> = {
  rejected: 'rejected',
  missed: 'missed',
  ended: 'ended',
}

export async function recordCall(context: RecordContext, what: CallChange): Promise<void> {
  const { store, sessionId, appender, addresses } = context
  const { callId, state, at } = what
  if (state === 'offered') {
    const chatId = (await addresses.knownChatId(what.chat)) ?? what.chat[0]
    const phone = what.caller.map(phoneOf).find((digits) => digits !== undefined)
    const call = await store.calls.offer({
      _id: `${sessionId}/${callId}`,
      sessionId,
      callId,
      chatId,
      from: what.from,
      ...(phone ? { phone } : {}),
      isVideo: what.isVideo,
      isGroup: what.isGroup,
      state: 'ringing',
      offeredAt: at,
    })
    const data = toCallView({ ...call, state: 'ringing' })
    await appender.append([{ type: 'call.offered', key: toFactKey('call.offered', callId), data }])
    return
  }
  if (state === 'accepted') return store.calls.accept(sessionId, callId)
  const call = await store.calls.end(sessionId, callId, endStates[state], at)
  if (!call) return
  await appender.append([{ type: 'call.ended', key: toFactKey('call.ended', callId), data: toCallView(call) }])
}
