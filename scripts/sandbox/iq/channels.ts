// What clients ask about channels: GraphQL for what they are, and `newsletter` for what stands in them. The answers'
// shapes are *assumed* after what clients read.
import { type BinaryNode, QueryIds } from '@whiskeysockets/baileys'
import type { Address, Channel } from '../records.ts'
import {
  createChannelBook,
  describeChannel,
  FORBIDDEN,
  NOT_FOUND,
  postNode,
  WATCH_SECONDS,
} from '../server/channels/channel-book.ts'
import type { Exchange } from '../server/exchange.ts'
import { child, node, unixSeconds } from '../server/nodes.ts'
import type { Answer } from './answer.ts'

const SUBSCRIBED = '6388546374527196'
const BAD_REQUEST = 400

type Variables = {
  newsletter_id?: string
  input?: { key?: string; type?: string; name?: string; description?: string | null }
  updates?: { name?: string; description?: string; picture?: string }
}

/** `undefined`: it is no question about channels. A number: the code of the refusal. */
const answerQuery = (
  exchange: Exchange,
  { phone }: Address,
  queryId: string | undefined,
  { newsletter_id: id = '', input = {}, updates = {} }: Variables,
): Record<string, unknown> | number | undefined => {
  const book = createChannelBook(exchange)
  const shown = (path: string, channel: Channel | number | undefined) => {
    if (typeof channel === 'number') return channel
    return channel ? { [path]: describeChannel(channel, phone) } : NOT_FOUND
  }
  const bare = (path: string, channel: Channel | number) =>
    typeof channel === 'number' ? channel : { [path]: { id: channel.id } }
  switch (queryId) {
    case QueryIds.METADATA: {
      const { key = '', type } = input
      if (type !== 'INVITE') return shown('xwa2_newsletter', book.get(key))
      const linked = book.byInvite(key)
      // To a link the server does not say what the viewer is there.
      return linked ? { xwa2_newsletter: { ...describeChannel(linked, phone), viewer_metadata: null } } : NOT_FOUND
    }
    case SUBSCRIBED:
      return { xwa2_newsletter_subscribed: book.followedBy(phone).map((one) => describeChannel(one, phone)) }
    case QueryIds.FOLLOW:
      return bare('xwa2_newsletter_join_v2', book.follow(id, phone, true, true))
    case QueryIds.UNFOLLOW:
      return bare('xwa2_newsletter_leave_v2', book.follow(id, phone, false, true))
    case QueryIds.MUTE:
      return bare('xwa2_newsletter_mute_v2', book.mute(id, phone, true, true))
    case QueryIds.UNMUTE:
      return bare('xwa2_newsletter_unmute_v2', book.mute(id, phone, false, true))
    case QueryIds.CREATE:
      return shown('xwa2_newsletter_create', book.create(phone, input.name ?? '', input.description ?? ''))
    case QueryIds.UPDATE_METADATA: {
      const { name, description, picture } = updates
      const pictureBytes = picture === undefined ? undefined : Buffer.from(picture, 'base64').byteLength
      return shown('xwa2_newsletter_update', book.change(id, phone, { name, description, pictureBytes }))
    }
    case QueryIds.DELETE: {
      const refusal = book.remove(id, phone)
      return refusal ?? { xwa2_newsletter_delete_v2: { id } }
    }
    default:
      return undefined
  }
}

export const answerChannelQuery = (exchange: Exchange, address: Address, query: BinaryNode): Answer | undefined => {
  let variables: Variables
  try {
    variables = (JSON.parse(Buffer.from(query.content as Uint8Array).toString()) as { variables: Variables }).variables
  } catch {
    return BAD_REQUEST
  }
  const data = answerQuery(exchange, address, query.attrs.query_id, variables)
  if (data === undefined) return undefined
  const answer =
    typeof data === 'number'
      ? { data: null, errors: [{ message: 'refused', extensions: { error_code: data, is_retryable: false } }] }
      : { data }
  return [node('result', {}, Buffer.from(JSON.stringify(answer)))]
}

export const answerChannels = (exchange: Exchange, { phone }: Address, iq: BinaryNode): Answer => {
  const book = createChannelBook(exchange)
  const page = child(iq, 'messages')
  const updates = child(iq, 'message_updates')
  const id = page ? page.attrs.jid : iq.attrs.to
  const channel = book.get(id)
  if (!channel) return NOT_FOUND
  if (child(iq, 'live_updates')) {
    if (!channel.followers.some((one) => one.phone === phone)) return FORBIDDEN
    book.watch(channel.id, phone)
    return [node('live_updates', { duration: WATCH_SECONDS })]
  }
  const asked = page ?? updates
  if (!asked) return BAD_REQUEST
  const { count = '50', before, after } = asked.attrs
  const posts = book
    .posts(channel.id)
    .filter(({ serverId }) => (before ? serverId < Number(before) : true) && (after ? serverId > Number(after) : true))
    .slice(-Number(count))
    .map((post) => postNode(post, phone, page !== undefined))
  const messages = node('messages', { jid: channel.id, t: unixSeconds() }, posts)
  return page ? [messages] : [node('message_updates', {}, [messages])]
}
