// Channels: row → event. No stanza in the journal brings a change back, so the row keeps its event until it is written.
import { toChannelView, type Channel, type ChannelFacts } from '../../../shared/model/channel.ts'
import type { EventInput } from '../../../shared/model/event.ts'
import { toMessageView } from '../../../shared/model/message.ts'
import type { ChannelState, Fact } from '../../whatsapp/facts.ts'
import { toFactKey, type RecordContext } from './context.ts'

type Row = Omit<Channel, '_id' | 'sortName' | 'isFollowed' | 'updatedAt'>

/** What makes a change worth telling; a large channel's number of subscribers is another one each time. */
const told = ['name', 'description', 'invite', 'isVerified', 'role', 'isMuted'] as const

function changedIn(before: Row | undefined, next: Row): string[] {
  const isFollowed = next.role !== 'guest'
  // Of one that was never followed nobody needs to hear.
  if (!before) return isFollowed ? ['followed'] : []
  const names = told.filter((name) => before[name] !== next[name])
  if ((before.role !== 'guest') === isFollowed) return names
  return [isFollowed ? 'followed' : 'unfollowed', ...names.filter((name) => name !== 'role')]
}

/** The row as it stands; what a crash left untold is told first. */
async function readRow(context: RecordContext, channelId: string): Promise<Row | undefined> {
  const row = await context.store.channels.read(context.sessionId, channelId)
  if (!row) return undefined
  const { _id, sortName: _name, isFollowed: _is, updatedAt: _at, untold, ...bare } = row
  if (untold) await tell(context, channelId, row.revision, untold)
  return bare
}

async function tell({ store, sessionId, appender }: RecordContext, id: string, revision: number, events: EventInput[]) {
  await appender.append(events)
  await store.channels.told(sessionId, id, revision)
}

/** `false`: somebody else changed the row since it was read. */
async function keep(context: RecordContext, before: Row | undefined, next: Row): Promise<boolean> {
  const { store, sessionId, addresses } = context
  const changed = changedIn(before, next)
  if (changed.length === 0 && before?.subscribers === next.subscribers) return true
  const isNews = changed.length > 0
  const revision = (before?.revision ?? 0) + 1
  const key = toFactKey('channel.updated', next.channelId, `r${revision}`)
  const events: EventInput[] = isNews
    ? [{ type: 'channel.updated', key, data: { ...toChannelView(next), changed } }]
    : []
  if (!(await store.channels.put({ ...next, revision, ...(isNews ? { untold: events } : {}) }))) return false
  if (isNews) await tell(context, next.channelId, revision, events)
  // Its posts may have come before its name.
  const chatId = await addresses.knownChatId([next.channelId])
  if (chatId !== undefined) await store.chats.touch(sessionId, chatId, { name: next.name })
  return true
}

/** What WhatsApp tells and what our own commands did come side by side: who was overtaken looks again. */
async function renew(context: RecordContext, channelId: string, toNext: (before?: Row) => Row | undefined) {
  let before = await readRow(context, channelId)
  for (;;) {
    const next = toNext(before)
    if (!next || (await keep(context, before, next))) return
    const wasThere = before !== undefined
    before = await readRow(context, channelId)
    // Removed with its session.
    if (wasThere && !before) return
  }
}

/** The facts with what was known before in the place of what is not said now. */
function knownOf({ channelId: _id, unsaid = [], ...facts }: ChannelState, before: Row | undefined): ChannelFacts {
  if (!before) return facts
  const standing = unsaid
    // Of what was not followed before, whoever tells of it knows better.
    .filter((name) => name !== 'role' || before.role !== 'guest')
    .map((name) => [name, before[name]] as const)
  return { ...facts, ...Object.fromEntries(standing) }
}

export async function recordChannels(context: RecordContext, fact: Extract<Fact, { kind: 'channels' }>): Promise<void> {
  const { sessionId, store } = context
  for (const state of fact.channels)
    await renew(context, state.channelId, (before) => ({
      ...before,
      ...knownOf(state, before),
      sessionId,
      channelId: state.channelId,
      revision: before?.revision ?? 0,
    }))
  if (!fact.isAll) return
  const present = new Set(fact.channels.map(({ channelId }) => channelId))
  // Unfollowed, or gone, while nobody was here to hear it.
  for (const channelId of await store.channels.idsOf(sessionId))
    if (!present.has(channelId)) await change(context, channelId, { role: 'guest' })
}

const change = (context: RecordContext, channelId: string, facts: Partial<ChannelFacts>): Promise<void> =>
  renew(context, channelId, (before) => before && { ...before, ...facts })

export const recordChannelChange = (
  context: RecordContext,
  fact: Extract<Fact, { kind: 'channel-change' }>,
): Promise<void> => change(context, fact.channelId, fact.change)

/** Told again whenever somebody looks: an event that a crash swallows is made good by the next one. */
export async function recordPostCounts(
  context: RecordContext,
  { channelId, posts }: Extract<Fact, { kind: 'post-counts' }>,
): Promise<void> {
  const { store, sessionId, appender } = context
  const counted = await store.posts.count(sessionId, channelId, posts)
  await appender.append(counted.map((row): EventInput => ({ type: 'message.counted', data: toMessageView(row) })))
}
