import { MongoClient, type Document } from 'mongodb'
import { afterEach, expect, test } from 'vitest'
import { openCable } from '../../scripts/testing/cable.ts'
import { openTestStore, testSecret, type TestStore } from '../../scripts/testing/mongo.ts'
import { openShortHistory } from '../../scripts/testing/short-history.ts'
import type { Feed, FeedChange } from './feed.ts'
import { openStore } from './open-store.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
function closed<T extends { close(): unknown }>(opened: T): T {
  closing.push(() => opened.close())
  return opened
}

/** What a feed tells, and a wait for it. */
function collect(feed: Feed) {
  const changes: FeedChange[] = []
  const looking = new Set<() => void>()
  feed.listen((change) => {
    changes.push(change)
    for (const look of looking) look()
  })
  return {
    changes,
    seqs: () => changes.flatMap((change) => (change.kind === 'event' ? [change.event.seq] : [])),
    until: (isThere: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!isThere()) return
          looking.delete(look)
          resolve()
        }
        looking.add(look)
        look()
      }),
  }
}

const note = { type: 'session.updated' as const, data: {} }
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)
async function append(store: TestStore['store'], count: number) {
  for (let i = 0; i < count; i += 1) await store.events.appendOnce('s', [note])
}
const openOn = async (uri: string, dbName: string, onCommand?: (command: Document) => void) =>
  closed(await openStore({ uri, dbName, secretKey: testSecret, ...(onCommand ? { onCommand } : {}) }))

test('a feed goes on from a stored place, whatever was written meanwhile, with nothing twice', async () => {
  const { store } = closed(await openTestStore())
  const first = await store.openFeed()
  const before = collect(first)
  await append(store, 5)
  await before.until(() => before.seqs().length === 5)
  const place = JSON.parse(JSON.stringify(first.place())) as unknown
  await first.close()
  await append(store, 30)
  const second = closed(await store.openFeed({ after: place }))
  await append(store, 5)
  const after = collect(second)
  await after.until(() => after.seqs().length >= 35)
  expect(after.seqs()).toEqual(upTo(40).slice(5))
})

test('what happened before anyone listened is told to the first who does', async () => {
  const { store } = closed(await openTestStore())
  const feed = closed(await store.openFeed())
  await append(store, 3)
  const seen = collect(feed)
  await seen.until(() => seen.seqs().length === 3)
  expect(seen.seqs()).toEqual([1, 2, 3])
})

test('a killed cursor is survived, with nothing missed and nothing twice', async () => {
  const opened = closed(await openTestStore())
  const cursors = new Set<bigint>()
  const watching = await openOn(opened.uri, opened.dbName, (command) => {
    if (command['getMore']) cursors.add(BigInt(String(command['getMore'])))
  })
  const seen = collect(closed(await watching.openFeed()))
  const admin = closed(await MongoClient.connect(opened.uri))
  for (let round = 1; round <= 5; round += 1) {
    await append(opened.store, 3)
    await seen.until(() => seen.seqs().length >= round * 3)
    await admin.db(opened.dbName).command({ killCursors: '$cmd.aggregate', cursors: [...cursors] })
  }
  expect(cursors.size).toBeGreaterThan(1)
  await append(opened.store, 1)
  await seen.until(() => seen.seqs().length >= 16)
  expect(seen.seqs()).toEqual(upTo(16))
})

test('a connection that is cut again and again loses nothing and tells nothing twice', async () => {
  const opened = closed(await openTestStore())
  const cable = closed(await openCable(opened.uri))
  const away = await openOn(cable.uri, opened.dbName)
  const feed = closed(await away.openFeed({ maxRetryMs: 50 }))
  const seen = collect(feed)
  for (let round = 1; round <= 5; round += 1) {
    await append(opened.store, 2)
    await seen.until(() => seen.seqs().length >= round * 4 - 2)
    cable.cut()
    await append(opened.store, 2)
    cable.mend()
    await seen.until(() => seen.seqs().length >= round * 4)
  }
  expect(seen.seqs()).toEqual(upTo(20))
})

test('a place that is gone is told aloud, and the feed goes on live', async () => {
  const short = closed(await openShortHistory(20))
  const store = await openOn(short.uri, 'lost')
  const cable = closed(await openCable(short.uri))
  const away = await openOn(cable.uri, 'lost')
  const feed = closed(await away.openFeed({ maxRetryMs: 50 }))
  const seen = collect(feed)
  await append(store, 1)
  await seen.until(() => seen.seqs().length === 1)
  const old = feed.place()
  cable.cut()
  await append(store, 60)
  cable.mend()
  await seen.until(() => seen.changes.some((change) => change.kind === 'lost'))
  await append(store, 1)
  await seen.until(() => seen.seqs().includes(62))
  expect(seen.seqs(), 'live after the gap').toEqual([1, 62])

  const late = collect(closed(await store.openFeed({ after: old })))
  await late.until(() => late.changes.length > 0)
  expect(late.changes, 'also when it opens at a place that is gone').toEqual([{ kind: 'lost' }])
})

test('a database that is dropped under a feed is a place that is gone', async () => {
  const { store, uri, dbName } = closed(await openTestStore())
  const seen = collect(closed(await store.openFeed({ maxRetryMs: 50 })))
  await append(store, 1)
  await seen.until(() => seen.seqs().length === 1)
  const admin = closed(await MongoClient.connect(uri))
  await admin.db(dbName).dropDatabase()
  await seen.until(() => seen.changes.some((change) => change.kind === 'lost'))
  await store.events.appendOnce('s', [note])
  await seen.until(() => seen.seqs().length === 2)
})

test('a listener that throws keeps nothing from the others and breaks no stream', async () => {
  const { store } = closed(await openTestStore())
  const errors: unknown[] = []
  const feed = closed(await store.openFeed({ onError: (error) => errors.push(error) }))
  const fault = new Error('of one listener')
  feed.listen(() => {
    throw fault
  })
  const seen = collect(feed)
  await append(store, 3)
  await seen.until(() => seen.seqs().length === 3)
  expect(seen.seqs()).toEqual([1, 2, 3])
  expect(errors).toEqual([fault, fault, fault])
})

test('keys, logs, pictures and texts never travel in it: it says who and in which state', async () => {
  const opened = closed(await openTestStore())
  let pipeline: Document[] = []
  const watching = await openOn(opened.uri, opened.dbName, (command) => {
    if (command['aggregate'] === 1) pipeline = command['pipeline'] as Document[]
  })
  const seen = collect(closed(await watching.openFeed()))
  const admin = closed(await MongoClient.connect(opened.uri))
  const raw = closed(admin.db(opened.dbName).watch(pipeline.slice(1), { maxAwaitTimeMS: 50 }))
  await raw.tryNext()

  const { store } = opened
  const n = await store.auth.fence('s', 1, 'f')
  await store.auth.append('s', n, 1, 'c', Buffer.from('marked'))
  await store.auth.fold('s', 1, { upTo: n, creds: Buffer.from('marked'), puts: [], deletes: [] })
  await store.sessions.create('s', { name: 'marked' })
  await store.sessions.update('s', { qr: { code: 'marked', png: 'marked', svg: 'marked', expiresAt: new Date() } })
  await store.sessions.want('s', 'stopped')
  await store.sessions.patch('s', { name: 'marked' })
  await store.contacts.upsert('s', ['1@lid'], { name: 'marked' })
  await store.leases.create('s')
  const { ticket } = await store.tickets.issue('marked')
  await store.tickets.redeem(ticket)
  const { key, token } = await store.apiKeys.create({ name: 'marked', scopes: ['*'] }, 'marked')
  await store.apiKeys.revoke(key._id)
  await store.commands.accept({
    _id: 'c',
    sessionId: 's',
    lane: 'a lane',
    kind: 'message.send',
    payload: { to: 'marked', content: { type: 'text', text: 'marked' } },
    actor: 'marked',
  })
  await store.commands.take('c', 1)
  await store.signals.send({ type: 'typing.updated', stream: 's', data: { state: 'composing' } })
  await store.sessions.remove('s')
  await store.events.appendOnce('s', [{ ...note, data: { said: 'out loud' } }])

  await seen.until(() => seen.seqs().length === 1)
  expect(seen.changes.map((change) => change.kind)).toEqual([
    'session',
    'session',
    'session',
    'session',
    'apiKey',
    'apiKey',
    'command',
    'command',
    'signal',
    'session',
    'event',
  ])
  expect(seen.changes[2]).toEqual({ kind: 'session', id: 's', wished: true, wanted: 'stopped' })
  expect(seen.changes[3]).toEqual({ kind: 'session', id: 's', patched: true })
  expect(seen.changes[7]).toMatchObject({ kind: 'command', id: 'c', state: 'sending' })
  expect(seen.changes[9]).toEqual({ kind: 'session', id: 's', removed: true })
  const travelled: Document[] = []
  while (travelled.length < seen.changes.length) travelled.push(await raw.next())
  const text = JSON.stringify([travelled, seen.changes])
  expect(text).toContain('out loud')
  for (const secret of ['marked', token, key.hash]) expect(text).not.toContain(secret)
})
