// What is in hand when MongoDB and the connection go in the same moment.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MongoNetworkError } from 'mongodb'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import { patiently } from '../../patiently.ts'
import { createAddresses } from '../record/addresses.ts'
import { createAcks } from './acks.ts'
import { createSendGroup, type OpenConnection } from './send-group.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

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
  const { signal } = new AbortController()
  const patient = { ...store, commands: { ...store.commands, putBack } }
  const sendGroup = createSendGroup({
    context: {
      sessionId,
      store: patient,
      appender,
      addresses: createAddresses(store, sessionId),
      counters: { add: () => undefined, close: () => Promise.resolve() },
    },
    epoch: 1,
    signal,
    acks: createAcks(60_000),
    maxAttempts: 5,
    open: () => open,
    rest: () => undefined,
    mayLeave: () => true,
    batches: { ended: () => Promise.resolve() },
    outreach: { refused: () => Promise.resolve(), kept: () => Promise.resolve() },
    isHeld: () => Promise.resolve(false),
    preparing: (work) => work(),
    onError: () => undefined,
  })
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
