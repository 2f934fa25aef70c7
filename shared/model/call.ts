// A call that somebody made to a session's phone.

export type CallState = 'ringing' | 'rejected' | 'accepted' | 'missed' | 'ended'

/** The document in `calls`; `_id` = `sessionId/callId`. */
export type Call = {
  _id: string
  sessionId: string
  callId: string
  chatId: string
  /** The caller, as WhatsApp addresses the answer. */
  from: string
  phone?: string
  isVideo: boolean
  isGroup: boolean
  state: CallState
  /** When WhatsApp says it began, to the second. */
  offeredAt: Date
  endedAt?: Date
}

export function toCallView(call: Call) {
  return {
    callId: call.callId,
    sessionId: call.sessionId,
    chatId: call.chatId,
    from: call.from,
    phone: call.phone,
    isVideo: call.isVideo,
    isGroup: call.isGroup,
    state: call.state,
    offeredAt: call.offeredAt,
    endedAt: call.endedAt,
  }
}
