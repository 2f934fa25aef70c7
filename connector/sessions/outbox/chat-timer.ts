// The disappearing time of a chat holds for what we send into it, as it does in WhatsApp's apps.
import type { Command } from '../../../shared/model/command.ts'
import { isChannelJid, storiesJid } from '../../../shared/model/jid.ts'
import type { Jids } from '../../whatsapp/facts.ts'
import type { RecordContext } from '../record/context.ts'

type Send = Command<'message.send'>

/** Messages to one chat, each with its own time or the chat's; 0 = it stays, whatever the chat says. */
export async function withChatTimer(
  { store, sessionId }: RecordContext,
  sends: readonly Send[],
  chat: Jids,
): Promise<Send[]> {
  const isAsked = sends.some(({ payload }) => payload.ephemeralSeconds === undefined)
  if (!isAsked || chat.some((jid) => jid === storiesJid || isChannelJid(jid))) return [...sends]
  const { ephemeralSeconds: seconds = 0 } = (await store.chats.resolve(sessionId, chat)) ?? {}
  // Whatever a stranger has set: less than an hour is no time that the apps offer, more than a year none at all.
  if (seconds < 3_600 || seconds > 31_536_000) return [...sends]
  return sends.map((send) => ({ ...send, payload: { ephemeralSeconds: seconds, ...send.payload } }))
}
