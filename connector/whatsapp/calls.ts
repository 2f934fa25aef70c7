// Calls as Baileys tells them. What a stranger's phone says of them is bounded here.
import type { BaileysEventMap } from '@whiskeysockets/baileys'
import type { CallChange } from './account-facts.ts'
import type { Identities } from './identities.ts'

type Told = BaileysEventMap['call'][number]

const states: Record<Told['status'], CallChange['state'] | undefined> = {
  offer: 'offered',
  accept: 'accepted',
  reject: 'rejected',
  timeout: 'missed',
  terminate: 'ended',
  // How the ringing goes on is nobody's business here.
  ringing: undefined,
  preaccept: undefined,
  transport: undefined,
  relaylatency: undefined,
}

export function toCallChange(call: Told, identities: Identities): CallChange | undefined {
  const state = states[call.status]
  const chat = identities.jidsOf(call.groupJid ?? call.chatId)
  const caller = identities.jidsOf(call.from, call.callerPn)
  if (!state || !chat || !caller || !/^[A-Za-z0-9._-]{1,128}$/.test(call.id)) return undefined
  const at = call.date.getTime()
  return {
    change: 'call',
    callId: call.id,
    chat,
    from: call.from,
    caller,
    state,
    isVideo: call.isVideo === true,
    isGroup: call.isGroup === true,
    at: at > 0 ? call.date : new Date(),
  }
}
