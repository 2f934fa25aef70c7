// The channel that a path speaks of, and whether we may do there what is asked.
import { isChannelAdmin, type Channel } from '../../../shared/model/channel.ts'
import { isChannelJid } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { toJid } from '../../request/address.ts'

/** Throws `request.invalid` for what is no channel's jid. */
export function toChannelId(address: string | undefined): string {
  const channelId = toJid(address ?? '', 'channelId')
  if (!isChannelJid(channelId))
    throw new Problem('request.invalid', { errors: [{ path: 'channelId', message: 'must be the jid of a channel' }] })
  return channelId
}

/** One that is followed. Throws `session.not_found`, `channel.not_followed`. */
export async function findFollowed(api: Api, sessionId: string, address: string | undefined): Promise<Channel> {
  const channelId = toChannelId(address)
  await api.sessions.mustExist(sessionId)
  const channel = await api.store.channels.read(sessionId, channelId)
  if (!channel?.isFollowed) throw new Problem('channel.not_followed')
  return channel
}

/** One that we run. Throws `channel.not_admin`, and `channel.owner` where only its owner may. */
export async function findOwnChannel(api: Api, sessionId: string, address: string | undefined): Promise<Channel> {
  const channel = await findFollowed(api, sessionId, address)
  if (!isChannelAdmin(channel.role)) throw new Problem('channel.not_admin')
  return channel
}
