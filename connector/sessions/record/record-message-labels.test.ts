// A label that the phone put on a message is on it, whichever of the two is heard of first.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { Fact, MessageFact } from '../../whatsapp/facts.ts'
import { createAddresses } from './addresses.ts'
import type { RecordContext } from './context.ts'
import { createEarlyMarks } from './early-marks.ts'
import { recordAccount } from './record-account.ts'
import { recordHistory } from './record-directory.ts'
import { recordEarlyMarks } from './record-chat-changes.ts'
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
async function openSession() {
  const { store } = opened
  const sessionId = `labels-${(sessions += 1)}`
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  const context: RecordContext = {
    sessionId,
    store,
    appender,
    addresses: createAddresses(store, sessionId),
    counters: { add: () => undefined, close: () => Promise.resolve() },
    early: createEarlyMarks(),
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
