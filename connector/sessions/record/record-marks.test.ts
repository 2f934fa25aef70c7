// What the phone marks of a message is marked here, whichever of the two is heard of first and whoever is killed meanwhile.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { Fact, MessageFact } from '../../whatsapp/facts.ts'
import { createAddresses } from './addresses.ts'
import type { RecordContext } from './context.ts'
import { openEarlyMarks } from './early-marks.ts'
import { recordAccount } from './record-account.ts'
import { recordHistory } from './record-directory.ts'
import { recordEarlyMarks } from './record-marks.ts'
import { recordMessages } from './record-messages.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const chat = ['100@lid'] as const
const message = (historical: boolean): MessageFact => ({
  kind: 'message',
  chat,
  sender: chat,
  messageId: 'M1',
  at: new Date('2026-01-02T03:04:05Z'),
  content: { type: 'text', text: 'hola' },
  historical,
})
const label = (labelId: string, labeled: boolean) => ({
  change: 'message-label' as const,
  chat,
  messageId: 'M1',
  labelId,
  labeled,
})

let sessions = 0
async function openSession(sessionId = `labels-${(sessions += 1)}`, epoch = 1) {
  const { store } = opened
  const appender = store.events.openAppender(sessionId, epoch)
  await appender.fence('test')
  const context: RecordContext = {
    sessionId,
    store,
    appender,
    addresses: createAddresses(store, sessionId),
    counters: { add: () => undefined, close: () => Promise.resolve() },
    early: await openEarlyMarks(store, sessionId),
  }
  const labels = async () => (await store.messages.find(sessionId, 'M1'))[0]?.labels
  const told = async () =>
    (await store.events.read(sessionId, 0, 100)).flatMap(({ type, data }) =>
      type === 'message.labeled' ? [data['label']] : [],
    )
  return { context, labels, told }
}

test('heard of before the message, live or of a history, it waits for it; of one label the last word counts', async () => {
  const live = await openSession()
  for (const [id, isOn] of [
    ['1', true],
    ['2', true],
    ['2', false],
  ] as const)
    await recordAccount(live.context, label(id, isOn))
  expect(await live.told()).toEqual([])
  await recordMessages(live.context, [message(false)])
  await recordEarlyMarks(live.context, [message(false)])
  expect(await live.labels()).toEqual(['1'])

  const old = await openSession()
  await recordAccount(old.context, label('3', true))
  const history: Extract<Fact, { kind: 'history' }> = {
    kind: 'history',
    chats: [],
    contacts: [],
    messages: [message(true)],
    syncType: 'RECENT',
  }
  await recordHistory(old.context, history)
  expect(await old.labels()).toEqual(['3'])
})

test('with a label its marks on messages go, and that is told of each', async () => {
  const { context, labels, told } = await openSession()
  await recordMessages(context, [message(false)])
  await recordAccount(context, label('5', true))
  await recordAccount(context, { change: 'label', labelId: '5', deleted: true })
  expect(await labels()).toEqual([])
  expect(await told()).toEqual([
    { labelId: '5', isOn: true },
    { labelId: '5', isOn: false },
  ])
})

test('what is no label’s id changes nothing', async () => {
  const { context, labels, told } = await openSession()
  await recordMessages(context, [message(false)])
  for (const id of ['', 'x', '$set', '1'.repeat(20)]) await recordAccount(context, label(id, true))
  expect(await labels()).toBeUndefined()
  expect(await told()).toEqual([])
})

test('a database that fails for a moment takes no label away that waits for its message', async () => {
  const { context, labels } = await openSession()
  await recordAccount(context, label('6', true))
  await recordMessages(context, [message(false)])
  const messageLabels = { ...context.store.messageLabels, label: () => Promise.reject(new Error('gone for a moment')) }
  const failing = { ...context, store: { ...context.store, messageLabels } }
  await expect(recordEarlyMarks(failing, [message(false)])).rejects.toThrow('gone for a moment')
  await recordEarlyMarks(context, [message(false)])
  expect(await labels()).toEqual(['6'])
})

test('what waits for its message outlives its owner', async () => {
  const before = await openSession()
  const target = { chat, messageId: 'M1', fromMe: false }
  await recordAccount(before.context, { change: 'star', target, starred: true })
  await recordAccount(before.context, label('7', true))
  const after = await openSession(before.context.sessionId, 2)
  await recordMessages(after.context, [message(false)])
  await recordEarlyMarks(after.context, [message(false)])
  expect(await after.labels()).toEqual(['7'])
  expect((await opened.store.messages.find(after.context.sessionId, 'M1'))[0]?.starred).toBe(true)
  expect(await opened.store.earlyMarks.list(after.context.sessionId, 10), 'nothing waits any more').toEqual([])
})

test('a mark that waits never comes after a newer one, nor marks a message of the other side', async () => {
  const first = await openSession()
  const star = (fromMe: boolean, starred: boolean) =>
    ({ change: 'star', target: { chat, messageId: 'M1', fromMe }, starred }) as const
  await recordAccount(first.context, star(false, true))
  await recordAccount(first.context, star(true, true))
  await recordMessages(first.context, [message(false)])
  // Cut short before it was looked for: the next owner hears of it again, and of the newer word first.
  const next = await openSession(first.context.sessionId, 2)
  await recordAccount(next.context, star(false, false))
  await recordEarlyMarks(next.context, [message(false)])
  const [row] = await opened.store.messages.find(next.context.sessionId, 'M1')
  expect(row?.starred).toBeUndefined()
  expect(await opened.store.earlyMarks.list(next.context.sessionId, 10)).toEqual([star(true, true)])
})

test('with a label its marks go, also when that is cut short in between: each is told', async () => {
  const { context, labels, told } = await openSession()
  await recordMessages(context, [message(false)])
  await recordAccount(context, label('8', true))
  const append: typeof context.appender.append = (events) =>
    events.some(({ type }) => type === 'message.labeled')
      ? Promise.reject(new Error('gone for a moment'))
      : context.appender.append(events)
  const failing = { ...context, appender: { ...context.appender, append } }
  const goes = { change: 'label', labelId: '8', deleted: true } as const
  await expect(recordAccount(failing, goes)).rejects.toThrow('gone for a moment')
  await recordAccount(context, goes)
  expect(await labels()).toEqual([])
  expect((await told()).at(-1)).toEqual({ labelId: '8', isOn: false })
})
