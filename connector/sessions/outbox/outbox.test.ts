// The durable outbox on a real store, against a wire that the test holds in its hand.
import { MongoNetworkError } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { NewCommand } from '../../../shared/store/commands.ts'
import type { Store } from '../../../shared/store/open-store.ts'
import { ana, beto, later, openLanes as openLanesOn, type LaneOptions } from './testing/lanes.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const openLanes = (options?: LaneOptions) => openLanesOn(opened.store, options)

test('a lane leaves in order, no more at once than it may; another lane does not wait for it', async () => {
  const lanes = await openLanes({ automatic: false, inFlight: 1 })
  const [first, second] = [await lanes.accept(ana, 'a1'), await lanes.accept(ana, 'a2')]
  await lanes.accept(beto, 'b1')
  lanes.connect()
  await lanes.sent(2)
  expect(lanes.texts().sort()).toEqual(['a1', 'b1'])
  lanes.outbox.acked(first.messageId ?? '', undefined)
  await lanes.sent(3)
  expect(lanes.texts().at(-1)).toBe('a2')
  expect((await lanes.untilState(first._id, 'done')).attempts).toBe(1)
  lanes.outbox.acked(second.messageId ?? '', undefined)
  await lanes.untilState(second._id, 'done')
  await lanes.stop()
})

test('a chat that became known by another address meanwhile is still one lane', async () => {
  const anaLid = '100@lid'
  const identify = (jid: string): [string, ...string[]] =>
    jid === ana ? [ana, anaLid] : jid === anaLid ? [anaLid, ana] : [jid]
  const lanes = await openLanes({ automatic: false, identify, inFlight: 1 })
  const first = await lanes.accept(ana, 'a1')
  await lanes.accept(ana, 'a2', { lane: anaLid })
  const others = []
  for (const i of [0, 1, 2, 3, 4]) others.push(await lanes.accept(`1555000001${i}@s.whatsapp.net`, `other ${i}`))
  lanes.connect()
  await lanes.sent(1 + others.length)
  // The queue is looked at again after each of them.
  for (const { _id, messageId = '' } of others) {
    lanes.outbox.acked(messageId, undefined)
    await lanes.untilState(_id, 'done')
  }
  expect(lanes.texts()).toHaveLength(1 + others.length)
  expect(lanes.texts()).not.toContain('a2')
  lanes.outbox.acked(first.messageId ?? '', undefined)
  await lanes.sent(2 + others.length)
  expect(lanes.texts().at(-1)).toBe('a2')
  await lanes.stop()
})

test('cancelled or sent, never both, a hundred times', async () => {
  const lanes = await openLanes()
  lanes.connect()
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const command = await lanes.accept(`1555000${1000 + i}@s.whatsapp.net`, `text ${i}`)
      lanes.outbox.ring()
      for (let turn = 0; turn < i % 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      const cancelled = await opened.store.commands
        .cancel(command._id, () => true)
        .then(
          () => true,
          () => false,
        )
      return { command, cancelled }
    }),
  )
  for (const { command, cancelled } of outcomes) {
    if (!cancelled) await lanes.untilState(command._id, 'done')
    const onWire = lanes.wire.filter((one) => one.messageId === command.messageId).length
    expect(onWire, `cancelled: ${cancelled}`).toBe(cancelled ? 0 : 1)
  }
  await lanes.stop()
})

test('what has passed its expiresAt is not sent; it is told as failed, and the next one goes', async () => {
  const lanes = await openLanes()
  const old = await lanes.accept(ana, 'too late', { expiresAt: later(-1) })
  await lanes.accept(ana, 'in time', { expiresAt: later(60_000) })
  lanes.connect()
  await lanes.sent(1)
  expect(lanes.texts()).toEqual(['in time'])
  expect((await lanes.state(old._id))?.state).toBe('expired')
  const [row] = await opened.store.messages.find(lanes.sessionId, old.messageId ?? '')
  expect(row).toMatchObject({ status: 'failed', error: { code: 'command.expired' } })
  await lanes.stop()
})

test('what is not due holds up nobody, and goes when it is due', async () => {
  const lanes = await openLanes()
  await lanes.accept(ana, 'much later', { notBefore: later(3_600_000) })
  await lanes.accept(ana, 'now')
  lanes.connect()
  await lanes.sent(1)
  expect(lanes.texts()).toEqual(['now'])
  const due = later(500)
  await lanes.accept(ana, 'scheduled', { notBefore: due })
  lanes.outbox.ring()
  await lanes.sent(2)
  expect(Date.now()).toBeGreaterThanOrEqual(due.getTime())
  expect(lanes.texts()).toEqual(['now', 'scheduled'])
  await lanes.stop()
})

test('a thousand scheduled messages do not keep one that may go from going', async () => {
  const lanes = await openLanes()
  await Promise.all(
    Array.from({ length: 600 }, (_, i) =>
      lanes.accept(`1555${i}@s.whatsapp.net`, 's', { notBefore: later(3_600_000) }),
    ),
  )
  await lanes.accept(ana, 'now')
  lanes.connect()
  await lanes.sent(1)
  expect(lanes.texts()).toEqual(['now'])
  await lanes.stop()
})

test('a lane that is stuck with hundreds waiting behind it keeps no other lane from going', async () => {
  const lanes = await openLanes({ automatic: false, inFlight: 8 })
  await Promise.all(Array.from({ length: 600 }, (_, i) => lanes.accept(ana, `a${i}`)))
  await lanes.accept(beto, 'b')
  lanes.connect()
  await lanes.sent(9)
  expect(lanes.texts()).toContain('b')
  await lanes.stop()
})

test('a lost connection uses up no attempt, and the same message id goes again on the next one', async () => {
  const lanes = await openLanes({ automatic: false })
  const command = await lanes.accept(ana, 'again')
  for (let drop = 1; drop <= 8; drop += 1) {
    lanes.connect()
    await lanes.sent(drop)
    lanes.outbox.use(undefined)
    expect((await lanes.untilState(command._id, 'queued')).attempts).toBe(0)
  }
  lanes.connect()
  await lanes.sent(9)
  lanes.outbox.acked(command.messageId ?? '', undefined)
  expect((await lanes.untilState(command._id, 'done')).attempts).toBe(1)
  expect(new Set(lanes.wire.map((one) => one.messageId))).toEqual(new Set([command.messageId]))
  await lanes.stop()
})

test('a message whose row cannot be written keeps its place: it is tried again before the next of its chat', async () => {
  let failures = 2
  const lanes = await openLanes({
    maxAttempts: 5,
    addresses: (real) => ({
      ...real,
      chatIdOf: (jids, at) => ((failures -= 1) >= 0 ? Promise.reject(new Error('no row')) : real.chatIdOf(jids, at)),
    }),
  })
  await lanes.accept(ana, 'first')
  await lanes.accept(ana, 'second')
  lanes.connect()
  await lanes.sent(4)
  expect(lanes.texts().filter((text) => !text.startsWith('Error'))).toEqual(['first', 'second'])
  await lanes.stop()
})

test('a server that never acknowledges is tried again with the same id, up to the limit, then it is told', async () => {
  const lanes = await openLanes({ automatic: false, ackTimeoutMs: 20, maxAttempts: 2 })
  const command = await lanes.accept(ana, 'unanswered')
  lanes.connect()
  const failed = await lanes.untilState(command._id, 'failed')
  expect(failed).toMatchObject({ attempts: 2, error: { code: 'command.gave_up' } })
  expect(lanes.wire.map((one) => one.messageId)).toEqual([command.messageId, command.messageId])
  await lanes.stop()
})

test('what an owner before left in `sending` is sent by the next with the same id, before what came later', async () => {
  const lanes = await openLanes({ epoch: 2 })
  const left = await lanes.accept(ana, 'left')
  await opened.store.commands.take(left._id, 1)
  await lanes.accept(ana, 'came later')
  lanes.connect()
  await lanes.sent(2)
  expect(lanes.wire.map((one) => one.text)).toEqual(['left', 'came later'])
  expect(lanes.wire[0]?.messageId).toBe(left.messageId)
  // The owner that was overtaken can neither finish nor put back what is not its own any more.
  await opened.store.commands.putBack(left._id, 1, { countsAsAttempt: false, mayBeOut: false })
  expect((await lanes.untilState(left._id, 'done')).epoch).toBe(2)
  await lanes.stop()
})

test('what a former owner had put back before it died goes before what it left in `sending` behind it', async () => {
  const lanes = await openLanes({ epoch: 2 })
  const [, left] = [await lanes.accept(ana, 'put back'), await lanes.accept(ana, 'left')]
  await opened.store.commands.take(left._id, 1)
  lanes.connect()
  await lanes.sent(2)
  expect(lanes.texts()).toEqual(['put back', 'left'])
  await lanes.stop()
})

test('some of a chat are on the wire unacknowledged; when the connection goes they go again, in order, by the same ids', async () => {
  const lanes = await openLanes({ automatic: false, inFlight: 4 })
  const commands: NewCommand[] = []
  for (let i = 0; i < 10; i += 1) commands.push(await lanes.accept(ana, `t${i}`))
  lanes.connect()
  await lanes.sent(4)
  expect(lanes.texts()).toEqual(['t0', 't1', 't2', 't3'])
  lanes.outbox.acked(commands[0]?.messageId ?? '', undefined)
  await lanes.untilState(commands[0]?._id ?? '', 'done')
  lanes.outbox.use(undefined)
  await lanes.untilState(commands[3]?._id ?? '', 'queued')
  lanes.connect()
  await lanes.sent(8)
  expect(lanes.texts().slice(4)).toEqual(['t1', 't2', 't3', 't4'])
  expect(lanes.wire.slice(4, 7).map((one) => one.messageId)).toEqual(lanes.wire.slice(1, 4).map((one) => one.messageId))
  await lanes.stop()
})

test('what WhatsApp had acknowledged to a former owner does not go again', async () => {
  const { store } = opened
  const lanes = await openLanes({ epoch: 2 })
  const left = await lanes.accept(ana, 'acknowledged')
  await store.commands.take(left._id, 1)
  const row = { sessionId: lanes.sessionId, chatId: ana, messageId: left.messageId ?? '', sender: 'me', fromMe: true }
  const key = `${lanes.sessionId}/${ana}/me/${left.messageId}`
  const at = new Date()
  await store.messages.insert([
    {
      _id: key,
      ...row,
      type: 'text',
      timestamp: at,
      status: 'sent',
      statusTimes: {},
      reactions: [],
      commandId: left._id,
      createdAt: at,
    },
  ])
  await lanes.accept(ana, 'came later')
  lanes.connect()
  await lanes.untilState(left._id, 'done')
  await lanes.sent(1)
  expect(lanes.texts()).toEqual(['came later'])
  const told = (await store.events.read(lanes.sessionId, 0, 100)).filter(({ type }) => type === 'message.sent')
  expect(told.map(({ data }) => data['messageId'])).toEqual([left.messageId])
  await lanes.stop()
})

test('a command that ends its connector again and again is set aside, told as failed, and the next of its chat goes', async () => {
  const { store } = opened
  const lanes = await openLanes({ epoch: 9 })
  const poison = await lanes.accept(ana, 'poison')
  for (let epoch = 1; epoch <= 4; epoch += 1) await store.commands.take(poison._id, epoch, epoch > 1)
  await lanes.accept(ana, 'came later')
  lanes.connect()
  await lanes.sent(1)
  expect(lanes.texts()).toEqual(['came later'])
  expect((await lanes.untilState(poison._id, 'failed')).error?.code).toBe('command.set_aside')
  const [row] = await store.messages.find(lanes.sessionId, poison.messageId ?? '')
  expect(row).toMatchObject({ status: 'failed', error: { code: 'command.set_aside' } })
  await lanes.stop()
})

test('at a pace messages leave one by one, oldest first, in order per chat; typing does not wait for them', async () => {
  const clock = { now: 0 }
  const lanes = await openLanes({ clock: { nowMs: () => clock.now, random: () => 0 } })
  lanes.outbox.setPace({ perMinute: 20 })
  for (let i = 0; i < 60; i += 1) await lanes.accept(i % 2 === 0 ? ana : beto, `m${i}`)
  await lanes.accept(ana, 'composing', { kind: 'chat.typing', payload: { chatId: ana, state: 'composing' } })
  lanes.connect()
  await lanes.sent(2)
  expect(lanes.texts().toSorted()).toEqual(['composing', 'm0'])
  for (let i = 1; i <= 4; i += 1) {
    clock.now += 3_000
    lanes.outbox.ring()
    await lanes.sent(2 + i)
    expect(lanes.texts().at(-1)).toBe(`m${i}`)
  }
  lanes.outbox.setPace(undefined)
  await lanes.sent(61)
  const ofAna = lanes.wire.filter(({ to, messageId }) => to === ana && messageId !== '').map(({ text }) => text)
  expect(ofAna).toEqual(Array.from({ length: 30 }, (_, i) => `m${2 * i}`))
  await lanes.stop()
})

test('a text that cannot be put on the wire is tried again before those behind it', async () => {
  let failures = 1
  const lanes = await openLanes({ fails: (text) => text === 'second' && (failures -= 1) >= 0 })
  for (const text of ['first', 'second', 'third', 'fourth']) await lanes.accept(ana, text)
  lanes.connect()
  await lanes.sent(5)
  expect(lanes.texts().filter((text) => !text.startsWith('Error'))).toEqual(['first', 'second', 'third', 'fourth'])
  await lanes.stop()
})

/** The store, with calls on its commands that fail so many times first. */
function failing(name: 'waiting' | 'finish' | 'putBack', error: Error, store: Store = opened.store, times = 1): Store {
  let left = times
  const real = store.commands[name] as (...given: never[]) => Promise<never>
  const call = (...given: never[]) => ((left -= 1) >= 0 ? Promise.reject(error) : real(...given))
  return { ...store, commands: { ...store.commands, [name]: call } }
}

test('one look at the queue that fails is not the last', async () => {
  const lanes = await openLanesOn(failing('waiting', new Error('odd')))
  const command = await lanes.accept(ana, 'a1')
  lanes.connect()
  await lanes.untilState(command._id, 'done')
  expect(lanes.texts()).toEqual(['Error: odd', 'a1'])
  await lanes.stop()
})

test('what WhatsApp has acknowledged is not sent again when MongoDB goes before the end is written', async () => {
  const away = () => new MongoNetworkError('away')
  const lanes = await openLanesOn(failing('finish', away(), failing('putBack', away())), { automatic: false })
  const command = await lanes.accept(ana, 'once')
  lanes.connect()
  await lanes.sent(1)
  await lanes.tell({ kind: 'ack', chat: [ana], messageId: command.messageId ?? '', at: new Date() })
  await lanes.untilState(command._id, 'done')
  expect(lanes.texts()).toEqual(['once'])
  await lanes.stop()
})
