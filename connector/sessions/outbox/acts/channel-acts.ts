// What we do with channels. WhatsApp tells our other devices of it, not us: each act records what it has done.
import { isChannelAdmin, toChannelView } from '../../../../shared/model/channel.ts'
import type { Command, CommandKind } from '../../../../shared/model/command.ts'
import { Problem, type ProblemCode } from '../../../../shared/model/problem.ts'
import type { Message } from '../../../../shared/model/message.ts'
import { ChannelRefusal } from '../../../whatsapp/channels.ts'
import type { ChannelState } from '../../../whatsapp/facts.ts'
import { toProfilePicture } from '../../media/profile-picture.ts'
import { recordChannelChange, recordChannels, recordPostCounts } from '../../record/record-channels.ts'
import { recordMessages } from '../../record/record-messages.ts'
import { recordOwnChange } from '../own-changes.ts'
import { done, idOf, unknownTarget, type Act, type ActContext, type Acts, type Outcome } from './act.ts'

type ChannelKind = Extract<CommandKind, `channel.${string}`>

const failed = (code: ProblemCode, reason: string): Outcome => ({ outcome: 'failed', code, reason })

/** WhatsApp's codes (*assumed* after HTTP's, as its groups have them). */
function toChannelRefusal(code: number): Outcome {
  if (code === 404) return failed('channel.not_found', 'There is no such channel')
  if (code === 401 || code === 403) return failed('channel.not_admin', 'WhatsApp lets only its admins do that')
  return failed('command.failed', `WhatsApp refused it (${code})`)
}

/** Refusals by WhatsApp are the outcome; anything else is tried again. */
const refusable =
  <K extends ChannelKind>(work: Act<K>): Act<K> =>
  async (context, command) => {
    try {
      return await work(context, command)
    } catch (error) {
      if (!(error instanceof ChannelRefusal)) throw error
      return toChannelRefusal(error.code)
    }
  }

const keep = (context: ActContext, state: ChannelState) =>
  recordChannels(context, { kind: 'channels', channels: [state], isAll: false })
const change = (context: ActContext, channelId: string, facts: Partial<ChannelState>) =>
  recordChannelChange(context, { kind: 'channel-change', channelId, change: facts })
const shown = ({ sessionId }: ActContext, state: ChannelState): Outcome => ({
  outcome: 'done',
  result: toChannelView({ ...state, sessionId }),
})

export const channelActs: Acts<ChannelKind> = {
  'channel.read': refusable<'channel.read'>(async (context, { payload }) => {
    const { channels } = context.connection
    const state = 'invite' in payload ? await channels.byInvite(payload.invite) : await channels.byId(payload.channelId)
    // Of a link WhatsApp does not say what we are there.
    const row = await context.store.channels.read(context.sessionId, state.channelId)
    return shown(context, row?.isFollowed ? { ...state, role: row.role, isMuted: row.isMuted } : state)
  }),
  'channel.follow': refusable<'channel.follow'>(async (context, { payload: { channelId, followed } }) => {
    const { channels } = context.connection
    // Whatever it is, it must be a channel: WhatsApp's answer to the wish itself may say nothing.
    const state = await channels.byId(channelId)
    const isRoleSaid = !state.unsaid?.includes('role')
    if (!followed && state.role === 'owner') return failed('channel.owner', 'Its owner cannot leave a channel')
    if (!isRoleSaid || followed !== (state.role !== 'guest')) await channels.follow(channelId, followed)
    const role = followed ? (state.role === 'guest' ? 'subscriber' : state.role) : 'guest'
    await keep(context, { ...state, role })
    // Whoever leaves is a guest, whatever is said.
    if (!followed) await change(context, channelId, { role })
    return shown(context, { ...state, role })
  }),
  'channel.mute': refusable<'channel.mute'>(async (context, { payload: { channelId, muted } }) => {
    await context.connection.channels.mute(channelId, muted)
    await change(context, channelId, { isMuted: muted })
    return done
  }),
  'channel.create': refusable<'channel.create'>(async (context, { payload: { name, description } }) => {
    const state = await context.connection.channels.create(name, description)
    await keep(context, state)
    return shown(context, state)
  }),
  'channel.update': refusable<'channel.update'>(async (context, { payload: { channelId, ...wanted } }) => {
    await context.connection.channels.change(channelId, wanted)
    await change(context, channelId, wanted)
    return done
  }),
  'channel.picture': refusable<'channel.picture'>(async ({ store, connection }, { payload: { channelId, fileId } }) => {
    const file = fileId === undefined ? undefined : await store.media.read(fileId)
    if (file === null) return failed('media.not_found', 'The file is not there any more')
    try {
      const picture = file ? await toProfilePicture(store.media, file) : Buffer.alloc(0)
      await connection.channels.change(channelId, { picture })
      return done
    } catch (error) {
      if (error instanceof Problem) return failed(error.code, error.message)
      throw error
    }
  }),
  'channel.delete': refusable<'channel.delete'>(async (context, { payload: { channelId } }) => {
    try {
      await context.connection.channels.remove(channelId)
    } catch (error) {
      // Done before, and only its answer was lost.
      if (!(error instanceof ChannelRefusal) || error.code !== 404) throw error
    }
    await change(context, channelId, { role: 'guest' })
    return done
  }),
  'channel.posts': refusable<'channel.posts'>(async (context, { payload: { channelId, count, before } }) => {
    const { messages, counts } = await context.connection.channels.posts(channelId, count, before)
    await recordMessages(context, messages)
    await recordPostCounts(context, { kind: 'post-counts', channelId, posts: counts })
    return { outcome: 'done', result: { serverIds: messages.flatMap(({ post }) => (post ? [post.serverId] : [])) } }
  }),
  'channel.watch': refusable<'channel.watch'>(async ({ connection }, { payload: { channelId } }) => {
    return { outcome: 'done', result: { seconds: await connection.channels.watch(channelId) } }
  }),
}

/** One reaction of ours; the server takes it or says why not, and its answer is the outcome. */
export async function reactToPost(
  context: ActContext,
  command: Command<'message.react'>,
  { chatId, post }: Message,
): Promise<Outcome> {
  if (!post) return unknownTarget
  try {
    await context.connection.channels.react(chatId, post.serverId, command.payload.emoji, idOf(command))
  } catch (error) {
    if (!(error instanceof ChannelRefusal)) throw error
    return toChannelRefusal(error.code)
  }
  await recordOwnChange(context, command, new Date())
  return done
}

/** Whether WhatsApp would take a post of ours; it answers a refused one with a code that says less. */
export async function mayPost({ store, sessionId }: ActContext, channelId: string): Promise<Outcome | undefined> {
  const row = await store.channels.read(sessionId, channelId)
  if (!row?.isFollowed) return failed('channel.not_followed', 'This session does not follow this channel')
  return isChannelAdmin(row.role) ? undefined : failed('channel.not_admin', 'Only its admins write in a channel')
}
