// Server-sent events over a real server, read as a browser would.
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { MongoClient } from 'mongodb'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'
import { parseSettings } from '../../../shared/model/settings.ts'
import { serveApi, type ServedApi } from '../../entry/serve-api.ts'

let api: TestApi
let served: ServedApi
let withoutFeed: ServedApi
let session: string
const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }
const readers: Reader[] = []

beforeAll(async () => {
  api = await openTestApi()
  const { store, feed } = api
  const common = {
    store,
    settings: parseSettings({ RATE_LIMIT_PER_MINUTE: '100000' }),
    log,
    sandboxAvailable: true,
    host: '127.0.0.1',
    port: 0,
  }
  const eventStreams = { silentMs: 300, perKey: 4, pauseBytes: 65_536, closeBytes: 262_144 }
  served = await serveApi({ ...common, feed, eventStreams })
  withoutFeed = await serveApi({ ...common, eventStreams: { pollMs: 100, pollEndsMs: 5_000 } })
})
afterAll(async () => {
  await served.close(1_000)
  await withoutFeed.close(1_000)
  await api.close()
})
beforeEach(async () => {
  session = await api.createSession()
})
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close()
})

type Frame = { event: string; id: string; data: any }
type Reader = {
  status: number
  text: () => string
  frames: Frame[]
  retry: () => string | undefined
  facts: () => Frame[]
  seqs: (stream?: string) => number[]
  until: (fits: () => boolean) => Promise<void>
  ended: Promise<void>
  pause: () => void
  resume: () => void
  close: () => void
}

async function read(query = '', options: { lastId?: string; key?: string; url?: string } = {}): Promise<Reader> {
  const frames: Frame[] = []
  const looks = new Set<() => void>()
  let text = ''
  let rest = ''
  let retry: string | undefined
  const asked = httpRequest(`${options.url ?? served.url}/v1/events${query}`, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${options.key ?? api.adminKey}`,
      ...(options.lastId === undefined ? {} : { 'last-event-id': options.lastId }),
    },
  })
  asked.end()
  asked.on('error', () => undefined)
  const response = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve))
  const ended = new Promise<void>((resolve) => response.once('close', resolve))
  response.on('error', () => undefined)
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    rest += chunk
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const fields = new Map(
        rest
          .slice(0, end)
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      )
      rest = rest.slice(end + 2)
      retry = fields.get('retry') ?? retry
      const data = fields.get('data')
      if (data !== undefined)
        frames.push({ event: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data: JSON.parse(data) })
    }
    for (const look of looks) look()
  })
  const reader: Reader = {
    status: response.statusCode ?? 0,
    text: () => text,
    frames,
    retry: () => retry,
    facts: () => frames.filter(({ event }) => event === 'message'),
    seqs: (stream = session) =>
      frames.filter(({ event, data }) => event === 'message' && data.stream === stream).map(({ data }) => data.seq),
    until: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!fits()) return
          clearTimeout(timer)
          looks.delete(look)
          resolve()
        }
        const timer = setTimeout(() => reject(new Error(`waited 50 s; ${text.slice(-200)}`)), 50_000)
        looks.add(look)
        look()
      }),
    ended,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => asked.destroy(),
  }
  readers.push(reader)
  return reader
}
const append = (
  n: number,
  stream = session,
  type: 'message.received' | 'chat.updated' = 'message.received',
  text = '',
) =>
  api.store.events.appendOnce(
    stream,
    Array.from({ length: n }, (_, i) => ({ type, data: { i, text } })),
  )
const said = (reader: Reader, event: string) => reader.frames.find((frame) => frame.event === event)
const upTo = (n: number, from = 1) => Array.from({ length: n - from + 1 }, (_, i) => i + from)

test('live from now; every event has the whole cursor as its id; `retry` is said', async () => {
  const reader = await read(`?stream=${session},team`)
  await reader.until(() => said(reader, 'subscribed') !== undefined)
  await append(3)
  await reader.until(() => reader.seqs().length === 3)
  expect(reader.facts()[0]).toMatchObject({
    id: `${session}:2,team:0`,
    data: { id: `${session}:2`, stream: session, seq: 2, type: 'message.received', data: { i: 0 } },
  })
  expect(reader.retry()).toBe('2000')
})

test('a reader that is cut off again and again and comes back with its last id gets each event once', async () => {
  const other = await api.createSession()
  const seen = new Map<string, number[]>([
    [session, []],
    [other, []],
  ])
  let lastId = `${session}:0,${other}:0`
  const rounds = 20
  const writing: Promise<unknown>[] = []
  while ((seen.get(session)?.length ?? 0) + (seen.get(other)?.length ?? 0) < 2 + 20 * rounds) {
    const reader = await read(`?stream=${session},${other}`, { lastId })
    // Each is cut off while some are being written, and never waits for more than that.
    const enough = writing.length < 2 * rounds ? 5 : 1
    if (writing.length < 2 * rounds) writing.push(append(10), append(10, other))
    await reader.until(() => reader.facts().length >= enough)
    reader.close()
    for (const { id, data } of reader.facts()) {
      seen.get(data.stream)?.push(data.seq)
      lastId = id
    }
  }
  await Promise.all(writing)
  for (const numbers of seen.values()) expect(numbers).toEqual(upTo(201))
})

test('`after` begins at a place; a filter that matches nothing still moves it, and says so in silence', async () => {
  await append(5, session, 'chat.updated')
  const reader = await read(`?stream=${session}&after=0&types=message.*`)
  await reader.until(() => reader.frames.some(({ event, id }) => event === 'at' && id === `${session}:6`))
  await append(1)
  await reader.until(() => reader.seqs().length === 1)
  expect(reader.seqs()).toEqual([7])
})

test('a cursor older than what is kept is said, then it goes on with what is kept', async () => {
  await append(9)
  const client = await MongoClient.connect(api.uri)
  await client
    .db(api.dbName)
    .collection('events')
    .deleteMany({ stream: session, seq: { $lte: 6 } })
  await client.close()
  const reader = await read(`?stream=${session}`, { lastId: `${session}:2` })
  await reader.until(() => reader.seqs().length === 4)
  expect(said(reader, 'error')?.data).toEqual({ code: 'cursor_too_old', streams: [session] })
  expect(reader.seqs()).toEqual([7, 8, 9, 10])
})

test('a session that is made joins, one that goes leaves after its last event', async () => {
  const reader = await read()
  await reader.until(() => said(reader, 'subscribed') !== undefined)
  const fresh = await api.createSession()
  await reader.until(() => reader.seqs(fresh).length === 1)
  expect(reader.frames.find(({ event, data }) => event === 'joined' && data.streams.includes(fresh))).toBeDefined()
  await api.store.events.appendOnce(fresh, [{ type: 'session.deleted', data: { sessionId: fresh } }])
  await api.store.sessions.remove(fresh)
  await reader.until(() => reader.frames.some(({ event, data }) => event === 'left' && data.streams.includes(fresh)))
  expect(reader.facts().find(({ data }) => data.type === 'session.deleted')).toBeDefined()
  expect(reader.frames.at(-1)?.id).not.toContain(`${fresh}:`)
})

test('a revoked key ends its streams within two seconds', async () => {
  const { key, keyId } = await api.createKey({ scopes: ['events.read'] })
  const reader = await read(`?stream=${session}`, { key })
  await reader.until(() => said(reader, 'subscribed') !== undefined)
  const beganAt = performance.now()
  await api.store.apiKeys.revoke(keyId)
  await reader.ended
  expect(performance.now() - beganAt).toBeLessThan(2_000)
  expect(said(reader, 'error')?.data).toEqual({ code: 'unauthorized' })
})

test('a reader that stops reading is cut, and finds everything under its last id', async () => {
  const reader = await read(`?stream=${session}`)
  await reader.until(() => said(reader, 'subscribed') !== undefined)
  reader.pause()
  let written = 0
  let heard = 0
  const stop = api.feed?.listen((change) => {
    if (change.kind === 'event' && change.event.stream === session) heard = change.event.seq
  })
  for (; written < 400; written += 20) await append(20, session, 'message.received', 'x'.repeat(50_000))
  // All of it has been on its way to a reader that takes nothing.
  await expect.poll(() => heard).toBe(written + 1)
  stop?.()
  reader.resume()
  await reader.ended
  expect(reader.seqs().length, 'what the kernel held, and no more').toBeLessThan(written)
  const again = await read(`?stream=${session}`, { lastId: reader.frames.at(-1)?.id ?? '' })
  await again.until(() => again.seqs().at(-1) === written + 1)
  expect([...reader.seqs(), ...again.seqs()]).toEqual(upTo(written + 1, 2))
})

test('what is asked wrongly is refused before the stream begins', async () => {
  const refusedWith = async (query: string, options?: Parameters<typeof read>[1]) => {
    const reader = await read(query, options)
    await reader.ended
    return [reader.status, JSON.parse(reader.text()).code]
  }
  expect(await refusedWith('?stream=absent')).toEqual([404, 'session.not_found'])
  const { key } = await api.createKey({ scopes: ['events.read'], sessions: [session] })
  expect(await refusedWith('?stream=team', { key })).toEqual([404, 'session.not_found'])
  expect(await refusedWith(`?stream=${session}&after=99`)).toEqual([422, 'cursor.invalid'])
  expect(await refusedWith('', { lastId: 'nonsense' })).toEqual([422, 'cursor.invalid'])
  expect(await refusedWith('?types=UPPER')).toEqual([422, 'request.invalid'])
  const { key: blind } = await api.createKey({ scopes: ['messages.read'] })
  expect((await refusedWith('', { key: blind }))[0]).toBe(403)
})

test('one key opens only so many', async () => {
  const { key } = await api.createKey({ scopes: ['events.read'] })
  const opened = await Promise.all([1, 2, 3, 4].map(() => read(`?stream=${session}`, { key })))
  expect((await read(`?stream=${session}`, { key })).status).toBe(429)
  opened[0]?.close()
  await opened[0]?.ended
  let status = 429
  while (status === 429) status = (await read(`?stream=${session}`, { key })).status
  expect(status).toBe(200)
})

test('without a feed it looks by number, sees a revoked key, and ends after a while with its cursor', async () => {
  const reader = await read(`?stream=${session}`, { url: withoutFeed.url })
  await reader.until(() => said(reader, 'subscribed') !== undefined)
  await append(3)
  await reader.until(() => reader.seqs().length === 3)
  await reader.ended
  await append(2)
  const again = await read(`?stream=${session}`, { url: withoutFeed.url, lastId: reader.frames.at(-1)?.id ?? '' })
  await again.until(() => again.seqs().length === 2)
  expect([...reader.seqs(), ...again.seqs()]).toEqual([2, 3, 4, 5, 6])
  const { key, keyId } = await api.createKey({ scopes: ['events.read'] })
  const revoked = await read(`?stream=${session}`, { url: withoutFeed.url, key })
  await api.store.apiKeys.revoke(keyId)
  await revoked.ended
  expect(said(revoked, 'error')?.data).toEqual({ code: 'unauthorized' })
})
