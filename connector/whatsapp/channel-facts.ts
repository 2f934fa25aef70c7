// What WhatsApp says of channels, in our words. rc14 hands on little of it: GraphQL's notices and the counts of posts are
// read from the raw nodes here (their shapes *assumed* after other clients that speak with the real server).
import type { BinaryNode } from '@whiskeysockets/baileys'
import * as v from 'valibot'
import {
  channelRoles,
  longestChannelDescription,
  longestChannelName,
  type ChannelFacts,
  type ChannelRole,
} from '../../shared/model/channel.ts'
import { isChannelJid } from '../../shared/model/jid.ts'
import { toEmoji, toPlain, toTime } from './bounds.ts'
import type { ChannelState, Fact, PostCounts } from './facts.ts'

/** More kinds of reactions than any app offers. */
const mostReactions = 100
/** Posts in one notice or page. */
export const mostPosts = 500
const invitePattern = /^[A-Za-z0-9_-]{10,64}$/

// A field that is another thing than it should be is as one that is not said: the others are true all the same.
const odd = undefined
const Text = v.object({ text: v.nullish(v.string()) })
const Line = v.fallback(v.nullish(v.string()), odd)
const Figure = v.fallback(v.nullish(v.union([v.string(), v.number()])), odd)
const Thread = v.object({
  name: v.fallback(v.nullish(Text), odd),
  description: v.fallback(v.nullish(Text), odd),
  invite: Line,
  subscribers_count: Figure,
  verification: Line,
  creation_time: Figure,
})
const Viewer = v.object({ mute: Line, role: Line })
const Told = v.object({
  id: v.string(),
  state: v.fallback(v.nullish(v.object({ type: Line })), odd),
  thread_metadata: v.fallback(v.nullish(Thread), odd),
  viewer_metadata: v.fallback(v.nullish(Viewer), odd),
})

const toRole = (role: string | null | undefined): ChannelRole | undefined =>
  channelRoles.find((one) => one === role?.toLowerCase())
const toOneLine = (text: string | null | undefined) =>
  toPlain(text, longestChannelName).replaceAll('\n', ' ').trim() || undefined

export function toCount(value: unknown): number | undefined {
  const count = Number(value ?? Number.NaN)
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

/** What is said in a metadata object, whole or in part. `undefined` for what names no channel. */
function toChange(data: unknown): { channelId: string; change: Partial<ChannelFacts> } | undefined {
  const parsed = v.safeParse(Told, data)
  if (!parsed.success || !isChannelJid(parsed.output.id)) return undefined
  const { id, state, thread_metadata: thread, viewer_metadata: viewer } = parsed.output
  // It is there no more, for anybody.
  if (state?.type?.toUpperCase() === 'DELETED') return { channelId: id, change: { role: 'guest' } }
  const name = toOneLine(thread?.name?.text)
  const subscribers = toCount(thread?.subscribers_count)
  const role = toRole(viewer?.role)
  const foundedAt = toTime(Number(thread?.creation_time ?? 0) * 1_000)
  return {
    channelId: id,
    change: {
      ...(name ? { name } : {}),
      ...(thread?.description ? { description: toPlain(thread.description.text, longestChannelDescription) } : {}),
      ...(thread?.invite && invitePattern.test(thread.invite) ? { invite: thread.invite } : {}),
      ...(subscribers === undefined ? {} : { subscribers }),
      ...(thread?.verification ? { isVerified: thread.verification.toUpperCase() === 'VERIFIED' } : {}),
      ...(role ? { role } : {}),
      ...(viewer?.mute ? { isMuted: viewer.mute.toUpperCase() === 'ON' } : {}),
      ...(foundedAt ? { foundedAt } : {}),
    },
  }
}

/** What rc14 makes of a change of name or description: texts, or objects with one. */
export function toSettings(update: unknown): Partial<ChannelFacts> | undefined {
  const Either = v.nullish(v.union([v.string(), Text]))
  const parsed = v.safeParse(v.object({ name: Either, description: Either }), update)
  if (!parsed.success) return undefined
  const textOf = (given: v.InferOutput<typeof Either>) => (typeof given === 'string' ? given : given?.text)
  const { name, description } = parsed.output
  const line = toOneLine(textOf(name))
  const change = {
    ...(line ? { name: line } : {}),
    ...(description == null ? {} : { description: toPlain(textOf(description), longestChannelDescription) }),
  }
  return Object.keys(change).length > 0 ? change : undefined
}

/** A channel told whole. `role`: what we are in it where WhatsApp does not say, and nothing is known of it. */
export function toChannelState(data: unknown, role: ChannelRole): ChannelState | undefined {
  const told = toChange(data)
  if (!told) return undefined
  const nothing = { name: '', description: '', role, isVerified: false, isMuted: false }
  const unsaid = (Object.keys(nothing) as (keyof typeof nothing)[]).filter((name) => told.change[name] === undefined)
  return { ...nothing, ...told.change, channelId: told.channelId, ...(unsaid.length > 0 ? { unsaid } : {}) }
}

/** Those that are followed. `isAll`: nobody is missing because the list was too long, or one of them could not be read. */
export function toFollowed(list: readonly unknown[], most: number): { states: ChannelState[]; isAll: boolean } {
  const states = list.slice(0, most).flatMap((one) => toChannelState(one, 'subscriber') ?? [])
  return { states, isAll: states.length === list.length }
}

/** GraphQL's notices: followed, unfollowed, muted, changed, by the phone or by whoever runs the channel. */
export function noticeToFact(node: BinaryNode): Fact | undefined {
  const data = readNotice(node)
  const of = (name: string): unknown => data?.[`xwa2_notify_newsletter_on_${name}`]
  const joined = of('join')
  if (joined) {
    const state = toChannelState(joined, 'subscriber')
    return state && { kind: 'channels', channels: [state], isAll: false }
  }
  const left = v.safeParse(v.object({ id: v.string() }), of('leave'))
  if (left.success && isChannelJid(left.output.id))
    return { kind: 'channel-change', channelId: left.output.id, change: { role: 'guest' } }
  const muted = v.safeParse(v.object({ id: v.string(), mute: v.string() }), of('mute_change'))
  if (muted.success && isChannelJid(muted.output.id))
    return { kind: 'channel-change', channelId: muted.output.id, change: { isMuted: muted.output.mute === 'ON' } }
  const changed = toChange(of('metadata_update') ?? of('admin_metadata_update') ?? of('state_change'))
  return changed && Object.keys(changed.change).length > 0 ? { kind: 'channel-change', ...changed } : undefined
}

function readNotice(node: BinaryNode): Record<string, unknown> | undefined {
  const update = childrenOf(node).find(({ tag }) => tag === 'update')
  if (!(update?.content instanceof Uint8Array)) return undefined
  try {
    const { data } = JSON.parse(Buffer.from(update.content).toString()) as { data?: unknown }
    return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** `<message server_id><views_count/><reactions>…` of a notice or an answer. */
export function toPostCounts(messages: BinaryNode | undefined): PostCounts[] {
  return childrenOf(messages)
    .slice(0, mostPosts)
    .flatMap((post): PostCounts[] => {
      const serverId = post.attrs['server_id']
      if (post.tag !== 'message' || !isServerId(serverId)) return []
      const views = toCount(childrenOf(post).find(({ tag }) => tag === 'views_count')?.attrs['count'])
      const told = childrenOf(post).find(({ tag }) => tag === 'reactions')
      const reactions = childrenOf(told)
        .slice(0, mostReactions)
        .flatMap(({ attrs }) => {
          const [emoji, count] = [toEmoji(attrs['code']), toCount(attrs['count'])]
          return emoji && count ? [{ emoji, count }] : []
        })
      if (views === undefined && !told) return []
      return [{ serverId, ...(views === undefined ? {} : { views }), ...(told ? { reactions } : {}) }]
    })
}

/** Views and reactions, told while they are listened to. */
export function liveUpdatesToFact(node: BinaryNode): Fact | undefined {
  const channelId = node.attrs['from']
  const updates = childrenOf(node).find(({ tag }) => tag === 'live_updates')
  if (!channelId || !isChannelJid(channelId) || !updates) return undefined
  const posts = toPostCounts(childrenOf(updates).find(({ tag }) => tag === 'messages') ?? updates)
  return posts.length > 0 ? { kind: 'post-counts', channelId, posts } : undefined
}

/** The number that a channel gives each of its posts. */
export const isServerId = (text: unknown): text is string => typeof text === 'string' && /^\d{1,15}$/.test(text)

export const childrenOf = (node: BinaryNode | undefined): BinaryNode[] =>
  Array.isArray(node?.content) ? node.content : []
