import { expect, test } from 'vitest'
import type { Actor } from '../../shared/model/api-key.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import { openEventStream } from './event-stream.ts'

const actor: Actor = { id: 'key', kind: 'key', scopes: ['*'], sessionIds: undefined } as never
const event = (seq: number) =>
  ({
    _id: `gone:${seq}`,
    stream: 'gone',
    seq,
    type: 'message.received',
    at: new Date(),
    data: {},
  }) as never as StoredEvent

test('a reader that takes nothing keeps nobody from learning who may see what', async () => {
  const stream = openEventStream({
    actor,
    events: {
      read: (name, after, limit) =>
        Promise.resolve(
          Array.from({ length: name === 'gone' ? 100 - after : 0 }, (_, i) => event(after + i + 1)).slice(0, limit),
        ),
      oldest: () => Promise.resolve(1),
    },
    place: new Map([['gone', 0]]),
    all: true,
    types: undefined,
    tooOld: [],
    retryMs: 1,
    pauseBytes: 100,
    closeBytes: 1_000_000,
    stallMs: 60_000,
    mayHaveMissed: () => undefined,
    closed: () => undefined,
    onError: (error) => {
      throw error
    },
  })
  // Its last events wait for the reader; the look at the sessions does not.
  await stream.refresh(['come'])
  const reader = stream.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (!text.includes('event: left')) text += decoder.decode((await reader.read()).value)
  const ids = [...text.matchAll(/"id":"gone:(\d+)"/g)].map(([, seq]) => Number(seq))
  expect(ids, 'everything that stood, before it is left').toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  stream.end()
})
