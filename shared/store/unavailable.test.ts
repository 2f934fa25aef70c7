import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCable, type Cable } from '../../scripts/testing/cable.ts'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { inject } from 'vitest'
import type { Message } from '../model/message.ts'
import { isUnavailable } from './client.ts'

let cable: Cable
let opened: TestStore
beforeAll(async () => {
  cable = await openCable(inject('mongodbUri'))
  // It counts for the opening as well, on whatever machine.
  opened = await openTestStore({ uri: cable.uri, serverSelectionTimeoutMs: 5_000 })
})
afterAll(async () => {
  cable.mend()
  await opened.close()
  cable.close()
})

const row = { _id: 's/c/me/M', sessionId: 's', chatId: 'c', messageId: 'M' } as Message

test('whatever kind of write or read it was, a database that is away is said to be away', async () => {
  const { messages, events, commands, leases, auth } = opened.store
  const steps: Record<string, () => Promise<unknown>> = {
    'a bulk write': () => messages.insert([row]),
    'an insert of many': () => events.appendOnce('s', [{ type: 'session.updated', data: {} }]),
    'the owner’s append': () => appender.append([{ type: 'session.updated', data: {} }]),
    'a find and modify': () => commands.take('x', 1),
    'an update': () => commands.putBack('x', 1, { countsAsAttempt: true, mayBeOut: false }),
    'an update by pipeline': () => leases.renew('nobody', 1),
    'a find': () => messages.find('s', 'M'),
    'a transaction': () => auth.fold('s', 1, { upTo: 0, puts: [], deletes: [] }),
  }
  const appender = opened.store.events.openAppender('s', 1)
  await appender.fence('test')
  await messages.insert([row])
  cable.cut()
  for (const round of ['as the connection ends', 'while there is none']) {
    const ends = await Promise.all(
      Object.entries(steps).map(async ([name, step]) => {
        const error = await step().then(
          () => 'it went through',
          (reason: unknown) => reason,
        )
        return [name, error] as const
      }),
    )
    for (const [name, error] of ends) expect(isUnavailable(error), `${name}, ${round}: ${String(error)}`).toBe(true)
  }
})

test('a command written into a socket that the server has just ended meets a database that is away', async () => {
  const server = createServer((far) => far.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  near.resume()
  await once(near, 'end')
  const failing = once(near, 'error')
  near.write('x')
  const [error] = (await failing) as [NodeJS.ErrnoException]
  expect([error.code, isUnavailable(error)]).toEqual(['EPIPE', true])
  server.close()
})

test('what is wrong with us is no outage', () => {
  expect(isUnavailable(new TypeError('x is not a function'))).toBe(false)
  expect(isUnavailable(Object.assign(new Error('no such file'), { code: 'ENOENT' }))).toBe(false)
})
