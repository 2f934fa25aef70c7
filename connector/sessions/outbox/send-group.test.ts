// What is in hand when MongoDB, the connection or the connector itself goes in that moment.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MongoNetworkError } from 'mongodb'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { Store } from '../../../shared/store/open-store.ts'
import { LeaseLost } from '../../../shared/store/auth-log.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import { patiently } from '../../patiently.ts'
import { createAddresses } from '../record/addresses.ts'
import { createAcks } from './acks.ts'
import { createSendGroup, type OpenConnection, type SendOptions } from './send-group.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

type Given = Pick<SendOptions, 'epoch'> &
  Partial<Pick<SendOptions, 'open' | 'signal'>> & {
    store: Store
    sessionId: string
    appender: ReturnType<Store['events']['openAppender']>
  }

const optionsFor = ({ store, sessionId, appender, epoch, ...more }: Given): SendOptions => ({
  context: {
    sessionId,
    store,
    appender,
    addresses: createAddresses(store, sessionId),
    counters: { add: () => undefined, close: () => Promise.resolve() },
  },
  epoch,
  signal: new AbortController().signal,
  acks: createAcks(60_000),
  maxAttempts: 5,
  open: () => undefined,
  rest: () => undefined,
  mayLeave: () => true,
  batches: { ended: () => Promise.resolve() },
  outreach: { refused: () => Promise.resolve(), kept: () => Promise.resolve() },
  isHeld: () => Promise.resolve(false),
  preparing: (work) => work(),
  onError: () => undefined,
  ...more,
})

test('taken and not put back when MongoDB went with the connection: it is in the queue again once MongoDB is there', async () => {
  const { store } = opened
  const [sessionId, lane] = ['cut', '15550000001@s.whatsapp.net']
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  let failures = 2
  const putBack: typeof store.commands.putBack = (...given) => {
    if (failures === 0) return store.commands.putBack(...given)
    failures -= 1
    return Promise.reject(new MongoNetworkError('connection interrupted'))
  }
  let open: OpenConnection | undefined = {
    closed: new AbortController(),
    connection: {
      identify: (jid: string) => [jid],
      sending: {
        message: () => {
          open?.closed.abort()
          open = undefined
          return new Promise(() => undefined)
        },
      },
    } as unknown as Connection,
  }
  const patient = { ...store, commands: { ...store.commands, putBack } }
  const { signal } = new AbortController()
  const sendGroup = createSendGroup(
    optionsFor({ store: patient, sessionId, appender, epoch: 1, open: () => open, signal }),
  )
  const base = { sessionId, lane, kind: 'message.send' as const, actor: 'test' }
  const { command } = await store.commands.accept({
    ...base,
    _id: 'c',
    messageId: 'M',
    payload: { to: lane, content: { type: 'text', text: 't' } },
  })
  expect(await patiently(() => sendGroup([command]), { signal })).toBe(false)
  expect(await store.commands.read('c')).toMatchObject({ state: 'queued', attempts: 0 })
  await appender.close()
})

test.each(['startExpiry', 'finish'] as const)(
  'the connector ends after %s of what expired: the next one tells that it failed, once, and ends it',
  async (last) => {
    const { store } = opened
    const [sessionId, lane] = [`late-${last}`, '15550000001@s.whatsapp.net']
    const { command } = await store.commands.accept({
      _id: `late-${last}`,
      sessionId,
      lane,
      kind: 'message.send',
      actor: 'test',
      messageId: 'LATE',
      payload: { to: lane, content: { type: 'text', text: 't' } },
      expiresAt: new Date(Date.now() - 1),
    })
    const ends = async (...given: never[]) => {
      // What it still reached, and nothing after it.
      if (last === 'startExpiry') await (store.commands[last] as (...all: never[]) => Promise<unknown>)(...given)
      throw new LeaseLost()
    }
    const first = store.events.openAppender(sessionId, 1)
    await first.fence('first')
    const dying = { ...store, commands: { ...store.commands, [last]: ends } }
    const dies = createSendGroup(optionsFor({ store: dying, sessionId, appender: first, epoch: 1 }))
    await expect(dies([command])).rejects.toThrow(LeaseLost)
    await first.close()
    const second = store.events.openAppender(sessionId, 2)
    await second.fence('second')
    const left = await store.commands.left(sessionId, 2, 10)
    expect(await createSendGroup(optionsFor({ store, sessionId, appender: second, epoch: 2 }))(left)).toBe(false)
    await second.close()
    expect((await store.commands.read(command._id))?.state).toBe('expired')
    const told = await store.events.read(sessionId, 0, 50)
    expect(told.filter(({ type }) => type === 'message.failed').map((event) => event.data['messageId'])).toEqual([
      'LATE',
    ])
  },
)

test('what was read from the queue before it was refused does not leave all the same', async () => {
  const { store } = opened
  const [sessionId, lane] = ['refused', '15550000001@s.whatsapp.net']
  const { command } = await store.commands.accept({
    _id: 'refused',
    sessionId,
    lane,
    kind: 'message.send',
    actor: 'test',
    messageId: 'FORMER',
    payload: { to: lane, content: { type: 'text', text: 't' } },
  })
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  let left = 0
  const connection = {
    identify: (jid: string) => [jid],
    sending: { message: () => Promise.reject(new Error(`it left ${(left += 1)} times`)) },
  } as unknown as Connection
  const open = () => ({ closed: new AbortController(), connection })
  const sendGroup = createSendGroup(optionsFor({ store, sessionId, appender, epoch: 1, open }))
  await store.commands.refuseAll(sessionId, { code: 'session.other_account', reason: 'another number' })
  await sendGroup([command])
  expect(left).toBe(0)
  await sendGroup(await store.commands.waiting(sessionId, 10))
  expect([left, await store.commands.read(command._id)]).toMatchObject([
    0,
    { state: 'failed', error: { code: 'session.other_account' } },
  ])
  await appender.close()
})
