// What was on its way to WhatsApp when its connection, its database or its owner went.
import { MongoNetworkError } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import { patiently } from '../../patiently.ts'
import { createAddresses } from '../record/addresses.ts'
import { createAcks } from './acks.ts'
import { createSendGroup } from './send-group.ts'
import { ana, later, openLanes } from './testing/lanes.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

test('a message that WhatsApp may have is neither cancelled nor does it expire: it goes again under its id', async () => {
  const { commands } = opened.store
  const lanes = await openLanes(opened.store, { automatic: false })
  const command = await lanes.accept(ana, 'once', { expiresAt: later(60_000) })
  lanes.connect()
  await lanes.sent(1)
  lanes.outbox.use(undefined)
  await lanes.untilState(command._id, 'queued')
  await expect(commands.cancel(command._id, () => true)).rejects.toMatchObject({ code: 'command.already_sent' })
  expect(await commands.startExpiry(command._id, 1)).toBe(false)
  lanes.connect()
  await lanes.sent(2)
  lanes.outbox.acked(command.messageId ?? '', undefined)
  await lanes.untilState(command._id, 'done')
  expect(lanes.wire.map(({ messageId }) => messageId)).toEqual([command.messageId, command.messageId])
  await lanes.stop()
})

test('a message that never was on the wire may be cancelled while its connection is away', async () => {
  const lanes = await openLanes(opened.store, { automatic: false, inFlight: 1 })
  const [first, second] = [await lanes.accept(ana, 'out'), await lanes.accept(ana, 'waits')]
  lanes.connect()
  await lanes.sent(1)
  lanes.outbox.use(undefined)
  await lanes.untilState(first._id, 'queued')
  expect((await opened.store.commands.cancel(second._id, () => true)).state).toBe('cancelled')
  await lanes.stop()
})

test('a former owner whose clock was minutes ahead holds up nothing', async () => {
  const { commands } = opened.store
  const before = await openLanes(opened.store, { automatic: false })
  const command = await before.accept(ana, 'left')
  await commands.take(command._id, 1)
  await commands.putBack(command._id, 1, { retryAt: later(600_000), countsAsAttempt: true, mayBeOut: false })
  await before.stop()
  const after = await openLanes(opened.store, { epoch: 2, sessionId: before.sessionId })
  after.connect()
  await after.sent(1)
  await after.untilState(command._id, 'done')
  await after.stop()
})

test('a group is made once, also when MongoDB goes before that is written', async () => {
  const { store } = opened
  const sessionId = 'once'
  const { command } = await store.commands.accept({
    _id: 'once',
    sessionId,
    lane: 'groups',
    kind: 'group.create',
    actor: 'test',
    payload: { subject: 'Team', participants: [] },
  })
  let made = 0
  let away = true
  const finish: typeof store.commands.finish = (...given) =>
    away ? Promise.reject(new MongoNetworkError('away')) : store.commands.finish(...given)
  const groups = {
    create: () => {
      made += 1
      return Promise.reject(new Error('the answer never came'))
    },
  }
  const connection = { identify: (jid: string) => [jid], groups } as unknown as Connection
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  const { signal } = new AbortController()
  const sendGroup = createSendGroup({
    context: {
      sessionId,
      store: { ...store, commands: { ...store.commands, finish } },
      appender,
      addresses: createAddresses(store, sessionId),
      counters: { add: () => undefined, close: () => Promise.resolve() },
    },
    epoch: 1,
    signal,
    acks: createAcks(60_000),
    maxAttempts: 5,
    open: () => ({ connection, closed: new AbortController() }),
    rest: () => undefined,
    mayLeave: () => true,
    batches: { ended: () => Promise.resolve() },
    outreach: { refused: () => Promise.resolve(), kept: () => Promise.resolve() },
    isHeld: () => Promise.resolve(false),
    preparing: (work) => work(),
    onError: () => undefined,
  })
  await patiently(() => sendGroup([command]), { signal, onRetry: () => (away = false) })
  expect(made).toBe(1)
  expect(await store.commands.read('once')).toMatchObject({
    state: 'failed',
    error: { code: 'command.outcome_unknown' },
  })
  await appender.close()
})
