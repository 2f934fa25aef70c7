// The socket protocol against a real server, a real client and the real feed.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { createAuthenticator, type Authenticator } from '../../shared/auth/authenticate.ts'
import type { EventInput } from '../../shared/model/event.ts'
import type { Feed } from '../../shared/store/feed.ts'
import { openRelay, type Relay } from './open-relay.ts'

let opened: TestStore
let feed: Feed
let relay: Relay
let authenticator: Authenticator
let server: Server
let url: string
let token: string
let keyId: string

beforeAll(async () => {
  opened = await openTestStore()
  feed = await opened.store.openFeed()
  authenticator = createAuthenticator({ store: opened.store, feed })
  relay = openRelay({
    store: opened.store,
    feed,
    authenticator,
    log: { debug: () => undefined },
    limits: {
      silentMs: 200,
      frameBytes: 4_096,
      subscriptions: 3,
      pauseBytes: 65_536,
      closeBytes: 262_144,
      stallMs: 5_000,
      socketsPerKey: 20,
    },
  })
  server = createServer()
  relay.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ws`
  const created = await opened.store.apiKeys.create({ name: 'all', scopes: ['*'] }, 'test')
  token = created.token
  keyId = created.key._id
})
afterAll(async () => {
  await relay.close()
  authenticator.close()
  server.close()
  await feed.close()
  await opened.close()
})

type Frame = {
  op?: string
  code?: string
  at?: Record<string, number>
  events?: { seq: number; type: string; data: { i?: number } }[]
  [key: string]: unknown
}
type Client = {
  frames: Frame[]
  socket: WebSocket
  say: (frame: unknown) => void
  until: (fits: (frames: Frame[]) => boolean) => Promise<Frame[]>
  closed: Promise<number>
  seqs: () => number[]
}

function connect(address = url, protocols: string[] = ['wastream.v1', `bearer.${token}`]): Promise<Client> {
  const socket = new WebSocket(address, protocols)
  const frames: Frame[] = []
  const looks = new Set<() => void>()
  const client: Client = {
    frames,
    socket,
    say: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    until: (fits) =>
      new Promise((resolve) => {
        const look = () => {
          if (!fits(frames)) return
          looks.delete(look)
          resolve(frames)
        }
        looks.add(look)
        look()
      }),
    closed: new Promise((resolve) => socket.once('close', (code) => resolve(code))),
    seqs: () => frames.flatMap((frame) => frame.events ?? []).map((event) => event.seq),
  }
  socket.on('message', (data: Buffer) => {
    frames.push(JSON.parse(data.toString()) as Frame)
    for (const look of looks) look()
  })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(client))
    socket.once('error', reject)
  })
}

let streams = 0
async function newStream(): Promise<string> {
  const id = `stream-${(streams += 1)}`
  await opened.store.sessions.create(id, {})
  return id
}
const notes = (from: number, count: number): EventInput[] =>
  Array.from({ length: count }, (_, i) => ({
    type: i % 2 === 0 ? 'message.received' : 'session.updated',
    data: { i: from + i },
  }))
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)
const has = (op: string) => (frames: Frame[]) => frames.some((frame) => frame.op === op)

test('a reader that comes back with its cursor in the middle of a stream of events gets each once, a hundred times over', async () => {
  const stream = await newStream()
  const appender = opened.store.events.openAppender(stream, 1)
  const total = 1_000
  const writing = (async () => {
    for (let i = 0; i < total; i += 10) await appender.append(notes(i, 10))
  })()
  const got: number[] = []
  let after = 0
  for (let round = 0; round < 100; round += 1) {
    const client = await connect()
    client.say({ op: 'subscribe', id: 1, streams: [stream], after: { [stream]: after } })
    const goal = Math.min(total, after + 10)
    await client.until(() => client.seqs().some((seq) => seq >= goal))
    const seqs = client.seqs()
    client.socket.terminate()
    got.push(...seqs)
    after = seqs.at(-1) ?? after
    if (after >= total) break
  }
  await writing
  expect(got).toEqual(upTo(got.length))
  expect(got.length).toBeGreaterThanOrEqual(total)
})

test('without a cursor a subscription is live from now; a filter lets the place go on', async () => {
  const stream = await newStream()
  await opened.store.events.appendOnce(stream, notes(0, 4))
  const client = await connect()
  client.say({ op: 'subscribe', id: 'x', streams: [stream], types: ['message.*'] })
  await client.until(has('subscribed'))
  expect(client.frames[0]).toEqual({ op: 'subscribed', id: 'x', at: { [stream]: 4 } })
  await opened.store.events.appendOnce(stream, notes(4, 2))
  await client.until((frames) => frames.some((frame) => frame.op === 'at' && frame.at?.[stream] === 6))
  expect(client.frames.flatMap((frame) => frame.events ?? []).map((event) => event.type)).toEqual(['message.received'])
  client.socket.close()
})

test('a new session joins a subscription to everything, played from its first event; a removed one is left', async () => {
  const client = await connect()
  client.say({ op: 'subscribe', streams: ['*'] })
  await client.until(has('subscribed'))
  const stream = await newStream()
  await opened.store.events.appendOnce(stream, notes(0, 3))
  await client.until((frames) =>
    frames.some((frame) => frame.op === 'joined' && (frame['streams'] as string[]).includes(stream)),
  )
  await client.until(() => client.frames.flatMap((frame) => frame.events ?? []).length >= 3)
  await opened.store.sessions.remove(stream)
  await client.until((frames) =>
    frames.some((frame) => frame.op === 'left' && (frame['streams'] as string[]).includes(stream)),
  )
  client.socket.close()
})

test('a cursor that retention has overtaken is told so, one from elsewhere too, and neither is silence', async () => {
  const stream = await newStream()
  await opened.store.events.appendOnce(stream, notes(0, 5))
  await opened.store.events.removeAll(stream)
  await opened.store.events.appendOnce(stream, notes(5, 1))
  const client = await connect()
  client.say({ op: 'subscribe', id: 1, streams: [stream], after: { [stream]: 2 } })
  client.say({ op: 'subscribe', id: 2, streams: [stream], after: { [stream]: 600 } })
  client.say({ op: 'subscribe', id: 3, streams: [stream], after: { 'not-mine': 1 } })
  client.say({ op: 'subscribe', id: 4, streams: [stream], after: {} })
  await client.until((frames) => frames.flatMap((frame) => frame.events ?? []).length >= 1)
  const codes = client.frames.filter((frame) => frame.op === 'error').map((frame) => frame.code)
  expect(codes).toEqual(['cursor_too_old', 'cursor.invalid', 'cursor.invalid'])
  expect(client.seqs(), 'a stream missing from the cursor begins with its first kept event').toEqual([6])
  client.socket.close()
})

test('garbage is answered with an error frame and the paths of its faults; the socket and its neighbours go on', async () => {
  const [client, neighbour] = [await connect(), await connect()]
  for (const frame of [
    'nonsense',
    '[]',
    '{"op":"steal"}',
    '{"op":"subscribe","streams":[],"extra":1}',
    '{"op":"subscribe","id":9,"streams":["a b"]}',
  ])
    client.say(frame)
  await client.until((frames) => frames.filter((frame) => frame.code === 'frame.invalid').length >= 5)
  const faults = client.frames.map(({ id, errors }) => ({ id, errors }))
  const known = 'must be "subscribe" or "unsubscribe" or "pong" or "ping"'
  expect(faults, 'worded as in REST; what was sent is not repeated').toEqual([
    { id: undefined, errors: [{ path: '', message: 'is not JSON' }] },
    { id: undefined, errors: [{ path: 'op', message: known }] },
    { id: undefined, errors: [{ path: 'op', message: known }] },
    {
      id: undefined,
      errors: [
        { path: 'streams', message: 'must have at least 1' },
        { path: 'extra', message: 'is not a known field' },
      ],
    },
    { id: 9, errors: [{ path: 'streams.0', message: 'must be a session id, or team' }] },
  ])
  client.say({ op: 'ping' })
  await client.until(has('pong'))
  client.say('x'.repeat(10_000))
  expect(await client.closed, 'a frame that is too large').toBe(1009)
  neighbour.say({ op: 'ping' })
  await neighbour.until(has('pong'))
  neighbour.socket.close()
})

test('types that no event can have are refused with the nouns there are; places too that are none', async () => {
  const client = await connect()
  const stream = await newStream()
  client.say({ op: 'subscribe', id: 1, streams: [stream], types: ['message.*', 'foo.*', 'message.sung'] })
  client.say({ op: 'subscribe', id: 2, streams: [stream], after: [1] })
  client.say({ op: 'subscribe', id: 3, streams: [stream], after: { [stream]: -1, 'a b': 1 } })
  client.say({ op: 'subscribe', id: 4, streams: [stream], types: ['typing.*', 'session.connected', '*'] })
  await client.until(has('subscribed'))
  const nouns = expect.stringMatching(
    /^matches no event; there are \*, session\.\*, message\.\*, .*presence\.\*, typing\.\*$/,
  )
  expect(client.frames.map(({ id, errors }) => [id, errors])).toEqual([
    [1, ['types.1', 'types.2'].map((path) => ({ path, message: nouns }))],
    [2, [{ path: 'after', message: 'must be an object' }]],
    [
      3,
      [
        { path: `after.${stream}`, message: 'must be at least 0' },
        { path: 'after.a b', message: 'must be a session id, or team' },
      ],
    ],
    [4, undefined],
  ])
  client.socket.close()
})

test.each(['__proto__', 'constructor', 'toString'])(
  'a session called %s has its events and its place like any other',
  async (id) => {
    await opened.store.sessions.create(id, {})
    await opened.store.events.appendOnce(id, notes(0, 3))
    const live = await connect()
    live.say({ op: 'subscribe', streams: [id] })
    await live.until(has('subscribed'))
    expect(Object.entries(live.frames[0]?.at ?? {})).toEqual([[id, 3]])
    const resumed = await connect()
    resumed.say(`{"op":"subscribe","streams":["${id}"],"after":{"${id}":1}}`)
    await resumed.until(has('events'))
    expect(resumed.seqs()).toEqual([2, 3])
    expect(Object.entries(resumed.frames.at(-1)?.at ?? {})).toEqual([[id, 3]])
    live.socket.close()
    resumed.socket.close()
  },
)

test('absent and not-yours look the same, and a key limited to sessions sees only those', async () => {
  const [mine, other] = [await newStream(), await newStream()]
  const { token: limited } = await opened.store.apiKeys.create(
    { name: 'one', scopes: ['events.read'], sessions: [mine] },
    'test',
  )
  const client = await connect(url, ['wastream.v1', `bearer.${limited}`])
  client.say({ op: 'subscribe', id: 1, streams: [other] })
  client.say({ op: 'subscribe', id: 1, streams: ['does-not-exist'] })
  client.say({ op: 'subscribe', id: 2, streams: ['*'] })
  await client.until(has('subscribed'))
  const [absent, foreign] = client.frames
    .filter((frame) => frame.op === 'error')
    .map(({ streams: _named, ...frame }) => frame)
  expect(absent).toEqual(foreign)
  expect(client.frames.find((frame) => frame.op === 'subscribed')?.at).toEqual({ [mine]: 0 })
  client.socket.close()
})

test('more subscriptions than allowed are refused, and one can be ended', async () => {
  const stream = await newStream()
  const client = await connect()
  for (const id of [1, 2, 3, 4, 1]) client.say({ op: 'subscribe', id, streams: [stream] })
  client.say({ op: 'unsubscribe', id: 2 })
  client.say({ op: 'subscribe', id: 4, streams: [stream] })
  await client.until((frames) => frames.filter((frame) => frame.op === 'subscribed').length >= 4)
  expect(client.frames.filter((frame) => frame.op === 'error').map((frame) => frame.code)).toEqual([
    'subscription.too_many',
    'subscription.exists',
  ])
  client.socket.close()
})

test('a ticket opens one socket once; no token, a wrong one and a key without events.read open none', async () => {
  const { ticket } = await opened.store.tickets.issue(keyId)
  const client = await connect(`${url}?ticket=${ticket}`, [])
  client.socket.close()
  await expect(connect(`${url}?ticket=${ticket}`, [])).rejects.toThrow('401')
  await expect(connect(url, [])).rejects.toThrow('401')
  await expect(connect(url, ['wastream.v1', 'bearer.wsk_wrong'])).rejects.toThrow('401')
  const { token: unable } = await opened.store.apiKeys.create({ name: 'x', scopes: ['messages.read'] }, 'test')
  await expect(connect(url, ['wastream.v1', `bearer.${unable}`])).rejects.toThrow('403')
  await expect(connect(url.replace('/v1/ws', '/v1/other'))).rejects.toThrow('404')
})

test('a revoked key’s sockets are told and closed within two seconds', async () => {
  const { token: doomed, key } = await opened.store.apiKeys.create({ name: 'doomed', scopes: ['*'] }, 'test')
  const client = await connect(url, ['wastream.v1', `bearer.${doomed}`])
  const revokedAt = Date.now()
  await opened.store.apiKeys.revoke(key._id)
  expect(await client.closed).toBe(4401)
  expect(Date.now() - revokedAt).toBeLessThan(2_000)
  expect(client.frames.at(-1)).toMatchObject({ op: 'error', code: 'auth.invalid' })
})

test('a reader that stops reading is closed with slow_consumer and finds everything under its cursor later', async () => {
  const stream = await newStream()
  const client = await connect()
  client.say({ op: 'subscribe', streams: [stream], after: {} })
  await client.until(has('subscribed'))
  // Those of the tests before are gone: the next one that goes is this one's.
  await expect.poll(() => relay.sockets()).toBe(1)
  client.socket.pause()
  const appender = opened.store.events.openAppender(stream, 1)
  const big = 'x'.repeat(30_000)
  const open = () => relay.sockets()
  const before = open()
  let written = 0
  while (open() === before && written < 600) {
    await appender.append(Array.from({ length: 10 }, () => ({ type: 'session.updated' as const, data: { big } })))
    written += 10
  }
  client.socket.resume()
  const code = await client.closed
  expect([1013, 1006]).toContain(code)
  const again = await connect()
  again.say({ op: 'subscribe', streams: [stream], after: { [stream]: client.seqs().at(-1) ?? 0 } })
  await again.until(() => (again.seqs().at(-1) ?? 0) >= written)
  expect([...client.seqs(), ...again.seqs()]).toEqual(upTo(written))
  again.socket.close()
})

test('with compat=1 the documents’ own names arrive without a subscribe', async () => {
  const stream = await newStream()
  const client = await connect(`${url}?compat=1`)
  client.say({ op: 'ping' })
  await client.until(has('pong'))
  await opened.store.events.appendOnce(stream, [
    { type: 'session.qr', data: { qr: 'data:image/png;base64,AA' } },
    { type: 'session.connected', data: { phone: '5491155550000' } },
    {
      type: 'message.received',
      data: {
        messageId: 'M1',
        chatId: '5@lid',
        from: '5@lid',
        fromMe: false,
        text: 'hola',
        type: 'text',
        timestamp: 1,
      },
    },
    { type: 'message.sent', data: { messageId: 'M2', chatId: '5@lid', text: 'chau' } },
    { type: 'session.disconnected', data: {} },
  ])
  await client.until((frames) => frames.some((frame) => frame['event'] === 'session-disconnected'))
  expect(client.frames.filter((frame) => frame['event'])).toEqual([
    { event: 'qr-code', data: { sessionId: stream, qr: 'data:image/png;base64,AA' } },
    { event: 'session-connected', data: { sessionId: stream, phone: '5491155550000' } },
    { event: 'message-received', data: { sessionId: stream, from: '5@lid', body: 'hola', messageId: 'M1' } },
    { event: 'new-message', data: { jid: '5@lid', fromMe: false, type: 'text', content: 'hola', timestamp: 1 } },
    { event: 'message-sent', data: { sessionId: stream, to: '5@lid', text: 'chau', messageId: 'M2' } },
    { event: 'session-disconnected', data: { sessionId: stream } },
  ])
  client.socket.close()
})
