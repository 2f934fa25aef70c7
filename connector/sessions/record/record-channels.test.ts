// What happens to channels is told once, whatever comes between; a post stands once, under whatever name it comes.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { ChannelState, MessageFact } from '../../whatsapp/facts.ts'
import { createAddresses } from './addresses.ts'
import type { RecordContext } from './context.ts'
import { recordChannelChange, recordChannels, recordPostCounts } from './record-channels.ts'
import { recordMessages } from './record-messages.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const channelId = '120363000000000001@newsletter'
const state: ChannelState = {
  channelId,
  name: 'Uno',
  description: '',
  subscribers: 5,
  isVerified: false,
  role: 'subscriber',
  isMuted: false,
}

let sessions = 0
async function openSession(store = opened.store) {
  const sessionId = `channels-${(sessions += 1)}`
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  const context: RecordContext = {
    sessionId,
    store,
    appender,
    addresses: createAddresses(store, sessionId),
    counters: { add: () => undefined, close: () => Promise.resolve() },
  }
  const events = async (type: string) =>
    (await store.events.read(sessionId, 0, 300)).filter((event) => event.type === type)
  const changes = async () => (await events('channel.updated')).map(({ data }) => data['changed'])
  const tell = (channels: ChannelState[], isAll = false) =>
    recordChannels(context, { kind: 'channels', channels, isAll })
  return { context, events, changes, tell, store, sessionId }
}

const post = (more: Partial<MessageFact> = {}): MessageFact => ({
  kind: 'message',
  chat: [channelId],
  sender: [channelId],
  messageId: 'POST1',
  at: new Date('2026-01-02T03:04:05Z'),
  content: { type: 'text', text: 'hola' },
  post: { serverId: '100' },
  historical: false,
  ...more,
})

test('the same channel told again is no news, nor is another number of subscribers; what is kept has it', async () => {
  const { tell, changes, store, sessionId } = await openSession()
  await tell([state])
  await tell([state])
  await tell([{ ...state, subscribers: 6 }])
  expect(await changes()).toEqual([['followed']])
  expect(await store.channels.read(sessionId, channelId)).toMatchObject({ subscribers: 6, isFollowed: true })
})

test('a crash between the row and its event: the event is told with what comes next, and once', async () => {
  const { context, tell, changes, store, sessionId } = await openSession()
  await tell([state])
  let isDown = true
  const append: typeof context.appender.append = (events) =>
    isDown ? Promise.reject(new Error('down')) : appender.append(events)
  const { appender } = context
  const cut = { ...context, appender: { ...appender, append } }
  const muted = { kind: 'channel-change' as const, channelId, change: { isMuted: true } }
  await expect(recordChannelChange(cut, muted)).rejects.toThrow('down')
  expect(await changes()).toEqual([['followed']])
  isDown = false
  await recordChannelChange(cut, muted)
  await recordChannelChange(cut, muted)
  expect(await changes()).toEqual([['followed'], ['isMuted']])
  expect(await store.channels.read(sessionId, channelId)).not.toHaveProperty('untold')
})

test('what comes of one channel from two sides at once is all kept and all told, a hundred times', async () => {
  const { context, tell, store, sessionId } = await openSession()
  const change = (facts: Partial<ChannelState>) =>
    recordChannelChange(context, { kind: 'channel-change', channelId, change: facts })
  await Promise.all([tell([state]), tell([state])])
  for (let i = 1; i <= 100; i += 1) {
    const [name, isMuted] = [`N${i}`, i % 2 === 1]
    await Promise.all([change({ name }), change({ isMuted })])
    expect(await store.channels.read(sessionId, channelId)).toMatchObject({ name, isMuted, revision: 1 + 2 * i })
  }
  const all = await store.events.read(sessionId, 0, 1_000)
  const told = all.filter(({ type }) => type === 'channel.updated').map(({ data }) => data['changed'])
  expect(told).toHaveLength(201)
  for (const name of ['name', 'isMuted'])
    expect(told.filter((changed) => (changed as string[]).includes(name))).toHaveLength(100)
})

test('what is not said of a channel leaves it as it was: an owner stays one, a name stays', async () => {
  const { context, tell, changes, store, sessionId } = await openSession()
  await tell([{ ...state, role: 'owner', isMuted: true, description: 'Dos' }])
  const bare = { ...state, name: '', isMuted: false, unsaid: ['name', 'description', 'role', 'isMuted'] as const }
  await tell([bare], true)
  expect(await changes()).toEqual([['followed']])
  const row = await store.channels.read(sessionId, channelId)
  expect(row).toMatchObject({ name: 'Uno', description: 'Dos', role: 'owner', isMuted: true })
  expect(row).not.toHaveProperty('unsaid')
  // It is followed again: whoever lists it says as much.
  await recordChannelChange(context, { kind: 'channel-change', channelId, change: { role: 'guest' } })
  await tell([bare], true)
  expect(await store.channels.read(sessionId, channelId)).toMatchObject({ role: 'subscriber', isFollowed: true })
})

test('a list of all without it says that it was unfollowed; of one that was never followed nobody hears', async () => {
  const { context, tell, changes, store, sessionId } = await openSession()
  await tell([state])
  await recordChannelChange(context, { kind: 'channel-change', channelId: '9@newsletter', change: { name: 'x' } })
  await tell([], true)
  await tell([], true)
  expect(await changes()).toEqual([['followed'], ['unfollowed']])
  expect(await store.channels.read(sessionId, '9@newsletter')).toBeNull()
  expect((await store.channels.page(sessionId, { limit: 10 })).data).toEqual([])
})

test('a post comes as a stanza, as a notice with its number for an id, and in a page: it stands once, and is told once', async () => {
  const { context, events, store, sessionId } = await openSession()
  await recordMessages(context, [post()])
  await recordMessages(context, [post({ messageId: '100' })])
  await recordMessages(context, [post({ historical: true })])
  await recordMessages(context, [post({ sender: 'me' })])
  expect((await store.messages.page(sessionId, channelId, { limit: 10 })).data).toHaveLength(1)
  expect(await events('message.received')).toHaveLength(1)
  expect(await events('message.sent')).toHaveLength(0)
  expect(await store.contacts.resolve(sessionId, [channelId]), 'no contact').toBeFalsy()
})

test('counts are told when they are others, of posts that are known', async () => {
  const { context, events } = await openSession()
  await recordMessages(context, [post()])
  const count = (serverId: string, views: number) =>
    recordPostCounts(context, { kind: 'post-counts', channelId, posts: [{ serverId, views }] })
  await count('100', 3)
  await count('100', 3)
  await count('999', 3)
  await count('100', 4)
  const told = (await events('message.counted')).map(({ data }) => data['post'])
  expect(told).toEqual([
    { serverId: '100', views: 3 },
    { serverId: '100', views: 4 },
  ])
})

test('counts of a page of posts are kept by one question and one write, each told in its order', async () => {
  const commands: string[] = []
  const watched = await openTestStore({ onCommand: (command) => void commands.push(Object.keys(command)[0] ?? '') })
  try {
    const { context, events, store, sessionId } = await openSession(watched.store)
    const ids = Array.from({ length: 60 }, (_, i) => String(100 + i))
    const posts = ids.map((serverId) => post({ messageId: `POST${serverId}`, post: { serverId } }))
    await recordMessages(context, posts)
    commands.length = 0
    const counts = ids.map((serverId, i) => ({ serverId, views: i, reactions: [{ emoji: '👍', count: i + 1 }] }))
    await recordPostCounts(context, { kind: 'post-counts', channelId, posts: [...counts, { ...counts[0]!, views: 7 }] })
    const count = (name: string) => commands.filter((one) => one === name).length
    expect([count('findAndModify'), count('update')]).toEqual([0, 1])
    const told = (await events('message.counted')).map(({ data }) => data['post'])
    expect(told).toEqual([...counts, { ...counts[0], views: 7 }])
    expect((await store.posts.find(sessionId, channelId, '100'))?.post).toEqual({ ...counts[0], views: 7 })
    expect((await store.posts.find(sessionId, channelId, '159'))?.post).toEqual(counts[59])
  } finally {
    await watched.close()
  }
})
