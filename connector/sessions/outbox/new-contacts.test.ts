// While WhatsApp locks this account's writing to new contacts: who waits, who does not, and until when.
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import { toMessageKey } from '../../../shared/model/message.ts'
import type { NewCommand } from '../../../shared/store/commands.ts'
import { createNewContacts } from './new-contacts.ts'
import { ana, beto, later, openLanes as openLanesOn, type LaneOptions, type Lanes } from './testing/lanes.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())
const openLanes = (options?: LaneOptions) => openLanesOn(opened.store, options)

const carla = '15550000003@s.whatsapp.net'
const group = '120363000000000001@g.us'
const dayMs = 86_400_000

/** A session that WhatsApp has locked for a day; Beto had written to it before. */
async function openLocked(options?: LaneOptions): Promise<Lanes> {
  const lanes = await openLanes(options)
  await lanes.hear(beto)
  await lanes.outreach.told({ isActive: true, until: later(dayMs) })
  return lanes
}

/** Whatever is accepted before it has been looked at when this has gone. */
async function answerBeto(lanes: Lanes, text: string): Promise<void> {
  const answer = await lanes.accept(beto, text)
  lanes.outbox.ring()
  await lanes.untilState(answer._id, 'done')
}

test('a message to somebody who never wrote waits; answers, groups and the chat with oneself go on', async () => {
  const lanes = await openLocked({ me: carla })
  const cold = await lanes.accept(ana, 'cold')
  await lanes.accept(group, 'to a group')
  await lanes.accept(carla, 'to myself')
  lanes.connect()
  await answerBeto(lanes, 'answer')
  await lanes.sent(3)
  expect(lanes.texts().toSorted()).toEqual(['answer', 'to a group', 'to myself'])
  expect((await lanes.state(cold._id))?.state).toBe('queued')
  await lanes.stop()
})

test('what 463 meets fails for good and says why; what is behind it and to others waits, and goes in order after the lock', async () => {
  const clock = { now: Date.now() }
  const lanes = await openLanes({ automatic: false, inFlight: 2, now: () => clock.now })
  const commands: NewCommand[] = []
  for (const text of ['a1', 'a2', 'a3', 'a4']) commands.push(await lanes.accept(ana, text))
  lanes.connect()
  await lanes.sent(2)
  for (const command of commands.slice(0, 2)) await lanes.refuse(command)
  const failed = await lanes.untilState(commands[1]?._id ?? '', 'failed')
  expect(failed.error).toEqual({ code: 'whatsapp.463', reason: expect.stringMatching(/new contacts/) as string })
  const [row] = await opened.store.messages.find(lanes.sessionId, commands[0]?.messageId ?? '')
  expect(row).toMatchObject({ status: 'failed', error: failed.error })
  const another = await lanes.accept(carla, 'c1')
  const quick = await lanes.accept(group, 'g1')
  lanes.outbox.ring()
  await lanes.sent(3)
  await lanes.tell({ kind: 'ack', chat: [group], messageId: quick.messageId ?? '', at: new Date() })
  await lanes.untilState(quick._id, 'done')
  expect(lanes.texts()).toEqual(['a1', 'a2', 'g1'])
  expect(
    await opened.store.messages.find(lanes.sessionId, commands[2]?.messageId ?? ''),
    'no row before it goes',
  ).toEqual([])
  for (const { _id } of [...commands.slice(2), another]) expect((await lanes.state(_id))?.state).toBe('queued')

  clock.now += 3_600_000
  lanes.outbox.ring()
  await lanes.sent(6)
  expect(lanes.texts().slice(3).toSorted()).toEqual(['a3', 'a4', 'c1'])
  expect(lanes.texts().filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2', 'a3', 'a4'])
  const told = await opened.store.events.read(lanes.sessionId, 0, 100)
  expect(
    told
      .map(({ type }) => type)
      .filter((type) => /outreach|failed/.test(type))
      .toSorted(),
  ).toEqual(['message.failed', 'message.failed', 'session.outreach_locked', 'session.outreach_unlocked'])
  await lanes.stop()
})

test('a lock that begins while a chat is being written to keeps back what is not on the wire yet', async () => {
  const lanes: Lanes = await openLanes({
    automatic: false,
    fails: (text) => {
      if (text === 'a2') lanes.outreach.refused().catch(() => undefined)
      return false
    },
  })
  for (const text of ['a1', 'a2', 'a3', 'a4']) await lanes.accept(ana, text)
  const quick = await lanes.accept(group, 'g1')
  lanes.connect()
  await lanes.sent(3)
  for (const { messageId, to } of lanes.wire) await lanes.tell({ kind: 'ack', chat: [to], messageId, at: new Date() })
  await lanes.untilState(quick._id, 'done')
  const waiting = await lanes.untilState(`${lanes.sessionId}-1-3`, 'queued')
  expect(waiting.attempts).toBe(0)
  expect(lanes.texts().toSorted()).toEqual(['a1', 'a2', 'g1'])
  await lanes.stop()
})

test('in a chat whose messages wait typing goes on; a revoke or an edit overtakes nothing', async () => {
  const lanes = await openLocked()
  const cold = await lanes.accept(ana, 'cold')
  lanes.connect()
  await answerBeto(lanes, 'answer')
  const at = new Date()
  const key = toMessageKey(lanes.sessionId, ana, 'me', 'OLD')
  const row = { sessionId: lanes.sessionId, chatId: ana, messageId: 'OLD', sender: 'me', fromMe: true, type: 'text' }
  await opened.store.messages.insert([
    { _id: key, ...row, timestamp: at, statusTimes: {}, reactions: [], createdAt: at },
  ])
  const revoke = await lanes.accept(ana, '', { kind: 'message.revoke', payload: { chatId: ana, targetId: 'OLD' } })
  await lanes.accept(ana, '', { kind: 'chat.typing', payload: { chatId: ana, state: 'composing' } })
  lanes.outbox.ring()
  await lanes.sent(2)
  expect(lanes.texts().toSorted()).toEqual(['answer', 'composing'])
  expect((await lanes.state(cold._id))?.state).toBe('queued')
  expect((await lanes.state(revoke._id))?.state).toBe('queued')
  await lanes.stop()
})

test('what waits can be cancelled, expires when its time is over, and does not go before it is due', async () => {
  const lanes = await openLocked()
  const cancelled = await lanes.accept(ana, 'cancelled')
  const expiring = await lanes.accept(ana, 'expiring', { expiresAt: later(400) })
  const due = await lanes.accept(ana, 'due', { notBefore: later(300) })
  const scheduled = await lanes.accept(ana, 'scheduled', { notBefore: later(dayMs) })
  lanes.connect()
  await answerBeto(lanes, 'answer')
  expect((await opened.store.commands.cancel(cancelled._id, () => true)).state).toBe('cancelled')
  const [row] = await until(
    () => opened.store.messages.find(lanes.sessionId, expiring.messageId ?? ''),
    ([one]) => one?.status === 'failed',
    () => lanes.outbox.ring(),
  )
  expect(row?.error?.code).toBe('command.expired')
  expect(lanes.texts()).toEqual(['answer'])
  await lanes.outreach.told({ isActive: false })
  await lanes.untilState(due._id, 'done')
  expect(lanes.texts()).toEqual(['answer', 'due'])
  expect((await lanes.state(scheduled._id))?.state).toBe('queued')
  await lanes.stop()
})

/** Asked of the store again and again until it fits. */
async function until<T>(read: () => Promise<T>, fits: (found: T) => boolean, again: () => void): Promise<T> {
  for (;;) {
    const found = await read()
    if (fits(found)) return found
    again()
  }
}

const anaLid = '100@lid'
const anaForms = (jid: string): [string, ...string[]] =>
  jid === ana ? [ana, anaLid] : jid === anaLid ? [anaLid, ana] : [jid]
test.each([
  ['writes', (lanes: Lanes) => lanes.hear(anaLid, ana)],
  [
    'reacts to an earlier message',
    (lanes: Lanes) =>
      lanes.tell({
        kind: 'reaction',
        target: { chat: [ana], sender: 'me', messageId: 'OLD' },
        by: [ana],
        emoji: '!',
        at: new Date(),
      }),
  ],
  [
    'is known to the phone by unread messages',
    (lanes: Lanes) => {
      const chats = [{ jids: [ana] as const, unreadCount: 2 }]
      return lanes.tell({ kind: 'history', chats, contacts: [], messages: [], syncType: 'RECENT' })
    },
  ],
  [
    'turns out to be somebody who had written by another address',
    async (lanes: Lanes) => {
      const dora = '500@lid'
      await lanes.hear(dora)
      await lanes.tell({ kind: 'contacts', contacts: [{ jids: [ana, dora] }] })
    },
  ],
])('what waits for somebody goes when that one %s, and the lock goes on for others', async (_, answer) => {
  const lanes = await openLocked({ identify: anaForms })
  // The chat is known from an earlier message of ours.
  await opened.store.chats.resolveOrCreate(lanes.sessionId, [ana], new Date())
  await lanes.accept(ana, 'second')
  const other = await lanes.accept(carla, 'other')
  lanes.connect()
  await answerBeto(lanes, 'answer')
  expect(lanes.texts()).toEqual(['answer'])
  await answer(lanes)
  await lanes.sent(2)
  expect(lanes.texts()).toEqual(['answer', 'second'])
  expect((await lanes.state(other._id))?.state).toBe('queued')
  await lanes.stop()
})

test('whoever writes at about the time that a message to them is held back gets it, thirty times', async () => {
  const lanes = await openLocked()
  lanes.connect()
  for (let i = 0; i < 30; i += 1) {
    const somebody = `1555100${1000 + i}@s.whatsapp.net`
    const cold = await lanes.accept(somebody, `text ${i}`)
    lanes.outbox.ring()
    for (let turn = 0; turn < i % 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    await lanes.hear(somebody)
    await lanes.untilState(cold._id, 'done')
  }
  expect(lanes.texts()).toHaveLength(30)
  await lanes.stop()
})

test('whoever writes while it is being asked whether they ever did is asked about again', async () => {
  const lanes = await openLanes()
  const { store } = opened
  const { sessionId } = lanes
  const cold = (await store.commands.accept(await lanes.accept(ana, 'cold'))).command
  let meanwhile = () => Promise.resolve()
  const among: typeof store.chats.among = async (...asked) => {
    const found = await store.chats.among(...asked)
    await meanwhile()
    return found
  }
  const contacts = createNewContacts({
    context: { sessionId, store: { ...store, chats: { ...store.chats, among } } },
    outreach: { isLocked: () => true },
    formsOf: (jid) => [jid],
    isMe: () => false,
  })
  meanwhile = async () => {
    await lanes.hear(ana)
    const content = { type: 'text', text: 'hello' }
    const fact = { kind: 'message' as const, chat: [ana] as const, sender: [ana] as const, messageId: 'IN', content }
    expect(contacts.noticed({ ...fact, at: new Date(), historical: false })).toBe(true)
  }
  expect(await contacts.mayGo([cold])).toEqual([])
  meanwhile = () => Promise.resolve()
  expect(contacts.held()).toEqual([])
  expect(await contacts.mayGo([cold])).toEqual([cold])
  await lanes.stop()
})

test('pages full of those that wait keep no answer behind them from going; who of them writes gets theirs', async () => {
  const lanes = await openLocked()
  await Promise.all(
    Array.from({ length: 1_600 }, (_, i) => lanes.accept(`1556${1_000_000 + i}@s.whatsapp.net`, 'cold')),
  )
  await lanes.accept(beto, 'answer')
  lanes.connect()
  await lanes.sent(1)
  expect(lanes.texts()).toEqual(['answer'])
  await lanes.hear('15561001599@s.whatsapp.net')
  await lanes.sent(2)
  expect(lanes.texts()).toEqual(['answer', 'cold'])
  await lanes.stop()
})

test('at a pace as well: those that wait take no turn from an answer', async () => {
  const lanes = await openLocked({ clock: { nowMs: () => 0, random: () => 0 } })
  lanes.outbox.setPace({ perMinute: 1 })
  for (let i = 0; i < 120; i += 1) await lanes.accept(`1557${1_000_000 + i}@s.whatsapp.net`, 'cold')
  lanes.connect()
  await answerBeto(lanes, 'answer')
  expect(lanes.texts()).toEqual(['answer'])
  await lanes.stop()
})

test('the next owner has the lock; what the one before had in hand waits, and goes once, by the same id', async () => {
  const first = await openLocked()
  const left = await first.accept(ana, 'left')
  await opened.store.commands.take(left._id, 1)
  await first.stop()
  const next = await openLanes({ sessionId: first.sessionId, epoch: 2 })
  next.connect()
  await answerBeto(next, 'answer')
  expect((await next.untilState(left._id, 'queued')).attempts).toBe(1)
  expect(next.texts()).toEqual(['answer'])
  await next.outreach.told({ isActive: false })
  await next.untilState(left._id, 'done')
  expect(next.wire.filter(({ messageId }) => messageId === left.messageId)).toHaveLength(1)
  await next.stop()
})

test.each(['put back', 'in hand'])(
  'a refusal that was told when its command was still %s is final, and the next owner begins the lock',
  async (where) => {
    const { store } = opened
    const first = await openLanes({ automatic: false })
    const command = await first.accept(ana, 'refused')
    first.connect()
    await first.sent(1)
    // The ack was recorded, and then the process or the connection was gone.
    const key = toMessageKey(first.sessionId, ana, 'me', command.messageId ?? '')
    await store.messages.advance(key, 'failed', new Date(), { code: 'whatsapp.463', reason: 'no' })
    first.outbox.use(undefined)
    await first.untilState(command._id, 'queued')
    if (where === 'in hand') await store.commands.take(command._id, 1)
    await first.stop()
    const next = await openLanes({ sessionId: first.sessionId, epoch: 2 })
    await next.hear(beto)
    next.connect()
    await next.untilState(command._id, 'failed')
    await answerBeto(next, 'answer')
    expect(next.texts()).toEqual(['answer'])
    expect(next.outreach.isLocked()).toBe(true)
    const told = await store.events.read(next.sessionId, 0, 100)
    expect(told.filter(({ type }) => type === 'message.failed')).toHaveLength(1)
    await next.stop()
  },
)

test('in a chat of an earlier version, which does not say whether somebody wrote, its messages tell', async () => {
  const lanes = await openLocked()
  const { store } = opened
  const client = await MongoClient.connect(opened.uri)
  const chats = client.db(opened.dbName).collection<{ _id: string }>('chats')
  const at = new Date()
  for (const [chat, sender] of [
    [ana, ana],
    [carla, 'me'],
  ] as const) {
    await store.chats.resolveOrCreate(lanes.sessionId, [chat], at)
    await chats.updateOne({ _id: `${lanes.sessionId}/${chat}` }, { $unset: { heard: '' } })
    const row = { sessionId: lanes.sessionId, chatId: chat, messageId: 'OLD', sender, fromMe: sender === 'me' }
    const _id = toMessageKey(lanes.sessionId, chat, sender, 'OLD')
    await store.messages.insert([
      { _id, ...row, type: 'text', timestamp: at, statusTimes: {}, reactions: [], createdAt: at },
    ])
  }
  await client.close()
  const cold = await lanes.accept(carla, 'cold')
  await lanes.accept(ana, 'known')
  lanes.connect()
  await answerBeto(lanes, 'answer')
  await lanes.sent(2)
  expect(lanes.texts().toSorted()).toEqual(['answer', 'known'])
  expect((await lanes.state(cold._id))?.state).toBe('queued')
  await lanes.stop()
})
