// What we do with channels, and what WhatsApp answers. Most of it goes over its GraphQL questions, whose ids are rc14's.
// rc14's own calls keep what WhatsApp refuses to themselves, or trip over a channel without a picture: it is asked here.
import {
  getBinaryNodeChild,
  proto,
  QueryIds,
  S_WHATSAPP_NET,
  type BinaryNode,
  type WASocket,
} from '@whiskeysockets/baileys'
import type { ChannelFacts } from '../../shared/model/channel.ts'
import {
  childrenOf,
  isServerId,
  mostPosts,
  toChannelState,
  toCount,
  toFollowed,
  toPostCounts,
} from './channel-facts.ts'
import { isMessageId } from './bounds.ts'
import { parseContent, toInstant } from './content.ts'
import type { ChannelState, MessageFact, PostCounts } from './facts.ts'

export type Channels = ReturnType<typeof createChannels>

export type ChannelsOptions = {
  sock: Pick<WASocket, 'query' | 'generateMessageTag'>
  /** Whole channels as WhatsApp tells them; with `isAll` no others are followed. */
  onStates: (channels: ChannelState[], isAll: boolean) => void
}

/** WhatsApp said no, with its code: 404 there is no such channel, 403 not ours to do. */
export class ChannelRefusal extends Error {
  override readonly name = 'ChannelRefusal'
  readonly code: number
  constructor(code: number) {
    super(`WhatsApp refused it (${code})`)
    this.code = code
  }
}

/** Channels that are followed: rc14 has no question for them, the id is the one that other clients use (*assumed* to last). */
const subscribedQuery = '6388546374527196'
const mostChannels = 10_000
/** Posts in one question when one of them is looked for, and how many questions before it is given up. */
const pageOfPosts = 100
const mostPages = 50

export function createChannels({ sock, onStates }: ChannelsOptions) {
  /** `undefined` when WhatsApp has nothing there. Throws ChannelRefusal. */
  async function mex(queryId: string, path: string, variables: object): Promise<unknown> {
    const query = { tag: 'query', attrs: { query_id: queryId }, content: Buffer.from(JSON.stringify({ variables })) }
    const answer = await ask({ to: S_WHATSAPP_NET, type: 'get', xmlns: 'w:mex' }, [query])
    const content = getBinaryNodeChild(answer, 'result')?.content
    if (!(content instanceof Uint8Array)) throw new Error('WhatsApp answered nothing')
    const { data, errors } = JSON.parse(Buffer.from(content).toString()) as {
      data?: Record<string, unknown> | null
      errors?: { extensions?: { error_code?: number | string } | null }[]
    }
    if (errors?.length) throw new ChannelRefusal(Number(errors[0]?.extensions?.error_code) || 400)
    return data?.[path] ?? undefined
  }

  async function ask(attrs: BinaryNode['attrs'], content: BinaryNode[]): Promise<BinaryNode> {
    try {
      return await sock.query({ tag: 'iq', attrs, content })
    } catch (error) {
      // rc14 puts the code of an error's answer into `data`.
      const code = Number((error as { data?: unknown } | null)?.data ?? Number.NaN)
      throw Number.isInteger(code) ? new ChannelRefusal(code) : error
    }
  }
  const newsletter = (to: string, type: 'get' | 'set', content: BinaryNode) =>
    ask({ to, type, xmlns: 'newsletter' }, [content])

  async function metadata(key: string, type: 'JID' | 'INVITE'): Promise<ChannelState> {
    const wanted = { fetch_creation_time: true, fetch_full_image: true, fetch_viewer_metadata: true }
    const told = await mex(QueryIds.METADATA, 'xwa2_newsletter', { ...wanted, input: { key, type } })
    const state = toChannelState(told, 'guest')
    if (!state) throw new ChannelRefusal(404)
    return state
  }

  /** A channel of ours may have another face from now on; WhatsApp's answer says only some of it. */
  async function refresh(channelId: string): Promise<ChannelState> {
    const state = await metadata(channelId, 'JID')
    onStates([state], false)
    return state
  }

  /** The nodes of posts, newest last; `before` = the number of a post. */
  async function page(channelId: string, count: number, before?: string): Promise<BinaryNode | undefined> {
    const attrs = { type: 'jid', jid: channelId, count: String(count), ...(before ? { before } : {}) }
    return getBinaryNodeChild(await newsletter(S_WHATSAPP_NET, 'get', { tag: 'messages', attrs }), 'messages')
  }

  return {
    refresh,
    byId: (channelId: string) => metadata(channelId, 'JID'),
    byInvite: (code: string) => metadata(code, 'INVITE'),

    /** All channels that this account follows, told as `onStates`. */
    async fetchAll(): Promise<void> {
      const list = await mex(subscribedQuery, 'xwa2_newsletter_subscribed', {})
      if (!Array.isArray(list)) throw new Error('WhatsApp gave no list of channels')
      const { states, isAll } = toFollowed(list, mostChannels)
      onStates(states, isAll)
    },

    async follow(channelId: string, isOn: boolean): Promise<void> {
      const [id, path] = isOn
        ? ([QueryIds.FOLLOW, 'xwa2_newsletter_join_v2'] as const)
        : ([QueryIds.UNFOLLOW, 'xwa2_newsletter_leave_v2'] as const)
      await mex(id, path, { newsletter_id: channelId })
    },
    async mute(channelId: string, isOn: boolean): Promise<void> {
      const [id, path] = isOn
        ? ([QueryIds.MUTE, 'xwa2_newsletter_mute_v2'] as const)
        : ([QueryIds.UNMUTE, 'xwa2_newsletter_unmute_v2'] as const)
      await mex(id, path, { newsletter_id: channelId })
    },
    async create(name: string, description: string): Promise<ChannelState> {
      const input = { name, description: description || null }
      const state = toChannelState(await mex(QueryIds.CREATE, 'xwa2_newsletter_create', { input }), 'owner')
      if (!state) throw new Error('WhatsApp did not say which channel it made')
      return state
    },
    /** `picture`: a JPEG, or empty to remove it. */
    async change(
      channelId: string,
      { picture, ...wanted }: Partial<Pick<ChannelFacts, 'name' | 'description'>> & { picture?: Buffer },
    ): Promise<void> {
      const updates = { ...wanted, ...(picture ? { picture: picture.toString('base64') } : {}), settings: null }
      await mex(QueryIds.UPDATE_METADATA, 'xwa2_newsletter_update', { newsletter_id: channelId, updates })
    },
    async remove(channelId: string): Promise<void> {
      await mex(QueryIds.DELETE, 'xwa2_newsletter_delete_v2', { newsletter_id: channelId })
    },

    /** Empty = none any more. Throws ChannelRefusal. */
    async react(channelId: string, serverId: string, emoji: string, messageId: string): Promise<void> {
      const attrs = { to: channelId, id: messageId, server_id: serverId, type: 'reaction' }
      const answer = await sock.query({
        tag: 'message',
        attrs: emoji ? attrs : { ...attrs, edit: '7' },
        content: [{ tag: 'reaction', attrs: emoji ? { code: emoji } : {} }],
      })
      const { error } = answer.attrs
      if (error) throw new ChannelRefusal(Number(error))
    },

    /** Posts of a channel, newest last, as messages of a history; `before` = the number of a post. */
    async posts(
      channelId: string,
      count: number,
      before: string | undefined,
    ): Promise<{ messages: MessageFact[]; counts: PostCounts[] }> {
      const list = await page(channelId, count, before)
      const messages = childrenOf(list)
        .slice(0, mostPosts)
        .flatMap((post) => toPost(channelId, post) ?? [])
      return { messages, counts: toPostCounts(list) }
    },
    /**
     * The post of this id among those written since then, also when it was taken back; `undefined` = there is none. That
     * answers name posts by the ids they were sent with is *assumed*, after other clients. Throws ChannelRefusal.
     */
    async find(channelId: string, messageId: string, since: Date): Promise<{ serverId: string; at: Date } | undefined> {
      let before: number | undefined
      for (let asked = 0; asked < mostPages; asked += 1) {
        const posts = childrenOf(await page(channelId, pageOfPosts, before?.toString())).flatMap(({ tag, attrs }) => {
          const { id, server_id: serverId, t } = attrs
          return tag === 'message' && isServerId(serverId) ? [{ id, serverId, at: toInstant(t) }] : []
        })
        const found = posts.find(({ id }) => id === messageId)
        if (found) return { serverId: found.serverId, at: found.at }
        const oldest = Math.min(...posts.map(({ serverId }) => Number(serverId)))
        const isThrough = posts.some(({ at }) => at < since)
        if (posts.length === 0 || isThrough || oldest >= (before ?? Infinity)) return undefined
        before = oldest
      }
      throw new Error('Too much was written in the channel to find a post')
    },
    /** Views and reactions are told for so many seconds. */
    async watch(channelId: string): Promise<number> {
      const answer = await newsletter(channelId, 'set', { tag: 'live_updates', attrs: {}, content: [] })
      return toCount(getBinaryNodeChild(answer, 'live_updates')?.attrs['duration']) ?? 0
    },
    /** Counts as a view of each (*assumed*; nothing is answered that says so). */
    async view(channelId: string, serverIds: readonly string[]): Promise<void> {
      const items = serverIds.map((one) => ({ tag: 'item', attrs: { server_id: one } }))
      const attrs = { to: channelId, type: 'view', id: sock.generateMessageTag() }
      await sock.query({ tag: 'receipt', attrs, content: [{ tag: 'list', attrs: {}, content: items }] })
    },
  }
}

/** A post in an answer; what has no content (it was taken back) is left out. */
function toPost(channelId: string, { tag, attrs, content }: BinaryNode): MessageFact | undefined {
  const { id, server_id: serverId, t, is_sender: isSender } = attrs
  if (tag !== 'message' || !isMessageId(id) || !isServerId(serverId) || !Array.isArray(content)) return undefined
  const bytes = content.find((one) => one.tag === 'plaintext')?.content
  const parsed = bytes instanceof Uint8Array ? readContent(bytes) : undefined
  if (!parsed) return undefined
  return {
    kind: 'message',
    chat: [channelId],
    sender: isSender === 'true' ? 'me' : [channelId],
    messageId: id,
    at: toInstant(t),
    content: parsed,
    post: { serverId },
    historical: true,
  }
}

function readContent(bytes: Uint8Array) {
  try {
    return parseContent(proto.Message.decode(bytes))
  } catch {
    // Whoever runs the channel may write anything.
    return undefined
  }
}
