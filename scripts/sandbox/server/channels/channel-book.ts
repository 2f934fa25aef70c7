// The channels: kept, looked up, and what happens to them told to the companions of whom it concerns. The shapes of what
// WhatsApp's own server says are *assumed* after what clients read.
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { proto } from '@whiskeysockets/baileys'
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Channel, ChannelPost } from '../../records.ts'
import type { Exchange } from '../exchange.ts'
import { node, unixSeconds } from '../nodes.ts'

export const CHANNEL_SERVER = '@newsletter'
/** The codes of the server's refusals. */
export const FORBIDDEN = 403
export const NOT_FOUND = 404
/** A channel's first post has this number (*assumed*). */
const FIRST_SERVER_ID = 100

export const mayWrite = (channel: Channel, phone: string): boolean =>
  channel.owner === phone || channel.admins.includes(phone)
const roleOf = (channel: Channel, phone: string): string => {
  if (channel.owner === phone) return 'OWNER'
  if (channel.admins.includes(phone)) return 'ADMIN'
  return channel.followers.some((one) => one.phone === phone) ? 'SUBSCRIBER' : 'GUEST'
}

/** As GraphQL's answers describe a channel to `phone`. */
export const describeChannel = (channel: Channel, phone: string): object => ({
  id: channel.id,
  state: { type: 'ACTIVE' },
  thread_metadata: {
    creation_time: String(channel.createdAt),
    name: { id: '1', text: channel.name, update_time: '1' },
    description: { id: '1', text: channel.description, update_time: '1' },
    invite: channel.invite,
    handle: null,
    subscribers_count: String(channel.followers.length),
    verification: channel.verified ? 'VERIFIED' : 'UNVERIFIED',
    picture: channel.pictureBytes > 0 ? { id: '1', type: 'IMAGE', direct_path: '/picture' } : null,
    preview: null,
    settings: { reaction_codes: { value: 'ALL' } },
  },
  viewer_metadata: {
    mute: channel.followers.find((one) => one.phone === phone)?.muted ? 'ON' : 'OFF',
    role: roleOf(channel, phone),
  },
})

const countReactions = (post: ChannelPost): BinaryNode[] => {
  const counts = new Map<string, number>()
  for (const { emoji } of post.reactions) counts.set(emoji, (counts.get(emoji) ?? 0) + 1)
  return [...counts].map(([code, count]) => node('reaction', { code, count }))
}

/** A post as pages and notices show it; without its text where only its counts are told. */
export const postNode = (post: ChannelPost, phone: string, withText: boolean): BinaryNode =>
  node(
    'message',
    {
      id: post.messageId,
      server_id: post.serverId,
      t: post.at,
      type: post.type,
      is_sender: post.by === phone ? 'true' : undefined,
    },
    [
      ...(withText ? [node('plaintext', {}, post.plaintext)] : []),
      node('views_count', { count: post.viewers.length }),
      node('reactions', {}, countReactions(post)),
    ],
  )

/** Who listens to counts, and until when (ms); gone with the process, as it would be with the connection. */
const watching = new WeakMap<Exchange, Map<string, number>>()
export const WATCH_SECONDS = 300

export const createChannelBook = (exchange: Exchange) => {
  const { store, directory } = exchange
  const listeners = watching.get(exchange) ?? new Map<string, number>()
  watching.set(exchange, listeners)
  const newId = () => randomUUID().replaceAll('-', '').toUpperCase()

  const companions = (phone: string) => directory.devices(phone).filter(({ device }) => device !== 0)
  const notify = (phone: string, type: string, from: string, content: BinaryNode[]) => {
    for (const device of companions(phone))
      exchange.post(
        device,
        'notification',
        node('notification', { from, type, id: newId(), t: unixSeconds() }, content),
      )
  }
  const notice = (phone: string, event: string, operation: string, data: object) => {
    const text = JSON.stringify({ data: { [`xwa2_notify_newsletter_on_${event}`]: data } })
    notify(phone, 'mex', 's.whatsapp.net', [node('update', { op_name: operation }, Buffer.from(text))])
  }
  const save = (channel: Channel) => store.channels.put(channel.id, channel)
  const all = (): Channel[] => store.channels.all().flatMap((id) => store.channels.get(id) ?? [])

  const book = {
    exchange,
    all,
    get: (id: string | undefined): Channel | undefined => (id === undefined ? undefined : store.channels.get(id)),
    byInvite: (invite: string): Channel | undefined => all().find((one) => one.invite === invite),
    followedBy: (phone: string): Channel[] =>
      all().filter(({ followers }) => followers.some((one) => one.phone === phone)),
    posts: (id: string): ChannelPost[] => [...store.posts.rows([id])].map(({ value }) => value),

    create: (owner: string, name: string, description: string): Channel => {
      const channel: Channel = {
        id: `120363${String(randomInt(1e12)).padStart(12, '0')}${CHANNEL_SERVER}`,
        name,
        description,
        invite: `0029Va${randomBytes(12).toString('hex')}`.slice(0, 24),
        createdAt: unixSeconds(),
        owner,
        admins: [],
        followers: [{ phone: owner, muted: false }],
        verified: false,
        pictureBytes: 0,
        lastServerId: FIRST_SERVER_ID - 1,
      }
      exchange.transact(() => save(channel))
      return channel
    },
    /** `quiet`: it was this number's companion that asked, and hears of it in the answer. */
    follow: (id: string, phone: string, isOn: boolean, quiet: boolean): Channel | number => {
      const before = book.get(id)
      if (!before) return NOT_FOUND
      if (!isOn && before.owner === phone) return FORBIDDEN
      const others = before.followers.filter((one) => one.phone !== phone)
      const channel = { ...before, followers: isOn ? [...others, { phone, muted: false }] : others }
      exchange.transact(() => {
        save(channel)
        if (quiet) return
        if (isOn) notice(phone, 'join', 'NotificationNewsletterJoin', describeChannel(channel, phone))
        else notice(phone, 'leave', 'NotificationNewsletterLeave', { id, role: 'GUEST' })
      })
      return channel
    },
    mute: (id: string, phone: string, muted: boolean, quiet: boolean): Channel | number => {
      const before = book.get(id)
      if (!before?.followers.some((one) => one.phone === phone)) return NOT_FOUND
      const followers = before.followers.map((one) => (one.phone === phone ? { phone, muted } : one))
      const channel = { ...before, followers }
      exchange.transact(() => {
        save(channel)
        const told = { id, mute: muted ? 'ON' : 'OFF' }
        if (!quiet) notice(phone, 'mute_change', 'NotificationNewsletterUserSettingChange', told)
      })
      return channel
    },
    change: (
      id: string,
      by: string,
      wanted: { name?: string | undefined; description?: string | undefined; pictureBytes?: number | undefined },
    ): Channel | number => {
      const before = book.get(id)
      if (!before) return NOT_FOUND
      if (!mayWrite(before, by)) return FORBIDDEN
      const { name = before.name, description = before.description, pictureBytes = before.pictureBytes } = wanted
      const channel = { ...before, name, description, pictureBytes }
      exchange.transact(() => {
        save(channel)
        const { viewer_metadata: _mine, ...told } = describeChannel(channel, '') as Record<string, unknown>
        for (const { phone } of channel.followers)
          if (phone !== by) notice(phone, 'metadata_update', 'NotificationNewsletterUpdate', told)
      })
      return channel
    },
    remove: (id: string, by: string): number | undefined => {
      const before = book.get(id)
      if (!before) return NOT_FOUND
      if (before.owner !== by) return FORBIDDEN
      exchange.transact(() => {
        store.channels.remove(id)
        store.posts.clear([id])
        for (const { phone } of before.followers)
          if (phone !== by)
            notice(phone, 'state_change', 'NotificationNewsletterStateChange', { id, state: { type: 'DELETED' } })
      })
      return undefined
    },

    /** Stored under the next number, and handed to every companion of its followers but the one that wrote it. */
    write: (
      id: string,
      by: { phone: string; device: number },
      wish: { messageId?: string; type: string; plaintext: Buffer },
    ): ChannelPost | number => {
      const before = book.get(id)
      if (!before) return NOT_FOUND
      if (!mayWrite(before, by.phone)) return FORBIDDEN
      const serverId = before.lastServerId + 1
      const { messageId = `3EB0${newId().slice(0, 18)}`, type, plaintext } = wish
      const post: ChannelPost = {
        serverId,
        messageId,
        by: by.phone,
        at: unixSeconds(),
        type,
        plaintext,
        viewers: [],
        reactions: [],
      }
      exchange.transact(() => {
        save({ ...before, lastServerId: serverId })
        store.posts.put([id, serverId], post)
        for (const { phone } of before.followers)
          for (const device of companions(phone)) {
            if (phone === by.phone && device.device === by.device) continue
            const { attrs } = postNode(post, phone, true)
            exchange.post(
              device,
              'message',
              node('message', { ...attrs, from: id }, [node('plaintext', {}, plaintext)]),
            )
          }
      })
      return post
    },
    /** Somebody has seen posts, or reacts to one; whoever listens is told how many there are now. */
    touch: (
      id: string,
      serverIds: readonly number[],
      change: (post: ChannelPost) => ChannelPost,
    ): number | undefined => {
      const channel = book.get(id)
      const posts = serverIds.flatMap((one) => store.posts.get([id, one]) ?? []).map(change)
      if (!channel || posts.length === 0) return NOT_FOUND
      exchange.transact(() => {
        for (const post of posts) store.posts.put([id, post.serverId], post)
        for (const { phone } of channel.followers) {
          if ((listeners.get(`${id} ${phone}`) ?? 0) < Date.now()) continue
          const messages = posts.map((post) => postNode(post, phone, false))
          notify(phone, 'newsletter', id, [
            node('live_updates', {}, [node('messages', { t: unixSeconds() }, messages)]),
          ])
        }
      })
      return undefined
    },
    watch: (id: string, phone: string) => void listeners.set(`${id} ${phone}`, Date.now() + WATCH_SECONDS * 1000),
  }
  return book
}

export const textOf = (plaintext: Buffer): string => {
  const { conversation, extendedTextMessage: extended } = proto.Message.decode(plaintext)
  return conversation ?? extended?.text ?? ''
}
