// What a channel takes and what it does not know, as far as our own rows tell: WhatsApp is not asked for it.
import { isChannelAdmin } from '../../../shared/model/channel.ts'
import type { OutContent } from '../../../shared/model/content.ts'
import { isChannelJid } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'

type Posted = {
  type: OutContent['type']
  mentions?: readonly string[] | undefined
  quotedMessageId?: string | undefined
  ephemeralSeconds?: number | undefined
}

/** Only admins write in a channel, and texts only. Throws `channel.not_followed`, `channel.not_admin`, `channel.not_supported`. */
export async function checkChannel(api: Api, sessionId: string, to: string, posted: Posted): Promise<void> {
  if (!isChannelJid(to)) return
  const channel = await api.store.channels.read(sessionId, to)
  if (!channel?.isFollowed) throw new Problem('channel.not_followed')
  if (!isChannelAdmin(channel.role)) throw new Problem('channel.not_admin')
  const { type, mentions, quotedMessageId, ephemeralSeconds } = posted
  if (type !== 'text')
    throw new Problem('channel.not_supported', { detail: 'Of the types of messages only texts are posted here' })
  if (mentions?.length || quotedMessageId !== undefined || ephemeralSeconds)
    throw new Problem('channel.not_supported', { detail: 'A post names nobody, quotes nothing and does not disappear' })
}

/** For what is done to chats of people and groups only. Throws `channel.not_supported`. */
export function refuseChannel(chatId: string): void {
  if (isChannelJid(chatId)) throw new Problem('channel.not_supported')
}
