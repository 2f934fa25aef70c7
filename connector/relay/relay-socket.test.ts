import { EventEmitter } from 'node:events'
import type { WebSocket } from 'ws'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Actor } from '../../shared/model/api-key.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import { createStoryTeller } from './shared-frames.ts'
import { createRelaySocket, type RelaySocketOptions } from './relay-socket.ts'

const actor: Actor = { id: 'key', kind: 'key', scopes: ['*'], sessionIds: undefined } as never
const silentMs = 15_000
const event = (stream: string, seq: number) =>
  ({
    _id: `${stream}:${seq}`,
    stream,
    seq,
    type: 'message.received',
    at: new Date(),
    data: {},
  }) as unknown as StoredEvent

/** What a subscription has to look for is looked for, and it is live: nothing here waits for more than promises. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** A reader of everything, over streams of so many events each; `oldest` answers when it is told to. */
async function openReader(streams: Record<string, number>) {
  const sent: { op: string; id?: number; at?: object; streams?: string[]; events?: { id: string }[] }[] = []
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    send: (text: string) => void sent.push(JSON.parse(text) as (typeof sent)[number]),
    close: () => undefined,
    ping: () => undefined,
    terminate: () => undefined,
  })
  let ids: string[] = []
  let answer: () => void = () => undefined
  const answered = new Promise<void>((resolve) => (answer = resolve))
  const events: RelaySocketOptions['events'] = {
    read: (stream, after, limit) =>
      Promise.resolve(
        Array.from({ length: streams[stream] ?? 0 }, (_, i) => event(stream, i + 1))
          .filter(({ seq }) => seq > after)
          .slice(0, limit),
      ),
    headsOf: () => Promise.resolve(new Map()),
    oldest: () => answered.then(() => 1),
  }
  const relaySocket = createRelaySocket({
    socket: socket as unknown as WebSocket,
    actor,
    compat: false,
    stories: createStoryTeller(),
    events,
    sessionIds: () => Promise.resolve(ids),
    mayHaveMissed: () => undefined,
    limits: {
      subscriptions: 20,
      framesPerSecond: 50,
      silentMs,
      deadMs: 60_000,
      pauseBytes: 1_000_000,
      closeBytes: 10_000_000,
      stallMs: 60_000,
    },
    onError: (error) => {
      throw error
    },
  })
  socket.emit('message', Buffer.from(JSON.stringify({ op: 'subscribe', id: 1, streams: ['*'] })), false)
  await expect.poll(() => sent.some(({ op }) => op === 'subscribed')).toBe(true)
  ids = Object.keys(streams)
  const seen = () => sent.flatMap(({ events: told = [] }) => told.map(({ id }) => id))
  return { socket, relaySocket, sent, seen, ids, answer }
}

test('two looks at once at a session that came join its stream once: no event is told twice', async () => {
  const { relaySocket, sent, seen, ids, answer } = await openReader({ new: 3 })
  const looks = [relaySocket.refresh(ids), relaySocket.refresh(ids)]
  answer()
  await Promise.all(looks)
  await expect.poll(seen).toEqual(['new:1', 'new:2', 'new:3'])
  expect(sent.filter(({ op }) => op === 'joined')).toHaveLength(1)
})

test('a reader that unsubscribed while a session was looked at is told nothing more', async () => {
  const { socket, relaySocket, sent, seen, ids, answer } = await openReader({ new: 3 })
  const look = relaySocket.refresh(ids)
  socket.emit('message', Buffer.from(JSON.stringify({ op: 'unsubscribe', id: 1 })), false)
  await expect.poll(() => sent.some(({ op }) => op === 'unsubscribed')).toBe(true)
  answer()
  await look
  await settled()
  expect(seen()).toEqual([])
  expect(sent.at(-1)?.op).toBe('unsubscribed')
})

test('a reader is told its place in a stream of which nothing is for it, though other streams keep telling', async () => {
  // Before anything reads the clock: it begins at 0, and one that goes back takes away what a reader may say.
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const { socket, relaySocket, sent } = await openReader({ loud: 0, quiet: 0 })
  const subscribe = { op: 'subscribe', id: 2, streams: ['loud', 'quiet'], types: ['message.received'] }
  socket.emit('message', Buffer.from(JSON.stringify(subscribe)), false)
  await expect.poll(() => sent.filter(({ op }) => op === 'subscribed')).toHaveLength(2)
  await settled()
  relaySocket.ring([{ ...event('quiet', 1), type: 'message.sent' }])
  await new Promise((resolve) => setImmediate(resolve))
  vi.advanceTimersByTime(silentMs - 1_000)
  relaySocket.ring([event('loud', 1)])
  await expect.poll(() => sent.some(({ op, id }) => op === 'events' && id === 2)).toBe(true)
  vi.advanceTimersByTime(1_000)
  const placesToldAt = (nowMs: number) => {
    relaySocket.tick(nowMs)
    return sent.flatMap(({ op, id, at }) => (op === 'at' && id === 2 ? [at] : []))
  }
  expect(placesToldAt(performance.now()), 'as long as it may be silent about it').toEqual([{ loud: 1, quiet: 1 }])
  expect(placesToldAt(performance.now()), 'and not again').toHaveLength(1)
})

test('a place is never said before the events that lead to it', async () => {
  const { relaySocket, sent, answer } = await openReader({ a: 0 })
  answer()
  await relaySocket.refresh(['a'])
  await settled()
  sent.length = 0
  relaySocket.ring([event('a', 1)])
  relaySocket.tick(performance.now() + silentMs)
  expect(sent.map(({ op, at }) => [op, at])).toEqual([
    ['events', { a: 1 }],
    ['at', { a: 1, team: 0 }],
  ])
})

test('a stream that goes is left after its last event, also by a reader that had not seen it yet', async () => {
  const streams = { a: 0 }
  const { relaySocket, sent, seen, answer } = await openReader(streams)
  answer()
  await relaySocket.refresh(['a'])
  streams.a = 3
  await relaySocket.refresh([])
  await expect.poll(() => sent.some(({ op }) => op === 'left')).toBe(true)
  expect(seen()).toEqual(['a:1', 'a:2', 'a:3'])
  expect(sent.at(-1)).toMatchObject({ op: 'left', streams: ['a'] })
})
