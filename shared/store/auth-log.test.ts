import { afterAll, beforeAll, expect, test } from 'vitest'
import { MongoClient, type Collection } from 'mongodb'
import { openTestStore, testSecret, type TestStore } from '../../scripts/testing/mongo.ts'
import { createAuthLogStore, LeaseLost } from './auth-log.ts'
import { createCipher } from './cipher.ts'
import { packEncoded } from './key-commit.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const bytes = (text: string) => Buffer.from(text)
const texts = (list: Uint8Array[]) => list.map((one) => Buffer.from(one).toString())

test('a stalled owner’s late commit is refused, and what it wrote before the fence is read by the new one', async () => {
  const { auth } = opened.store
  let n = await auth.fence('s', 1, 'f1')
  await auth.append('s', n, 1, 'a', bytes('one'))
  await auth.append('s', n + 1, 1, 'b', bytes('two'))
  const next = await auth.fence('s', 2, 'f2')
  await expect(auth.append('s', n + 2, 1, 'c', bytes('late'))).rejects.toBeInstanceOf(LeaseLost)
  const loaded = await auth.load('s', next, [])
  expect(texts(loaded.commits)).toEqual(['one', 'two'])
})

test('an owner that is overtaken before its fence stands leaves nothing in the way of the later one', async () => {
  const { auth } = opened.store
  const n = await auth.fence('overtaken', 2, 'f2')
  await auth.append('overtaken', n, 2, 'a', bytes('one'))
  await expect(auth.fence('overtaken', 1, 'f1')).rejects.toBeInstanceOf(LeaseLost)
  await auth.append('overtaken', n + 1, 2, 'b', bytes('two'))
  const loaded = await auth.load('overtaken', await auth.fence('overtaken', 3, 'f3'), [])
  expect(texts(loaded.commits)).toEqual(['one', 'two'])
})

test('commits of many sessions in one moment: one whose owner was overtaken takes nobody along, a hundred times', async () => {
  const { auth } = opened.store
  const sessions = ['m1', 'm2', 'm3', 'm4', 'm5']
  const places = new Map<string, number>()
  for (const id of sessions) places.set(id, await auth.fence(id, 1, 'f1'))
  const mine = await auth.fence('m3', 2, 'f2')
  for (let round = 0; round < 100; round += 1) {
    const ends = await Promise.allSettled(
      sessions.map((id) =>
        auth.append(id, (places.get(id) ?? 0) + (id === 'm3' ? 0 : round), 1, `c${round}`, bytes(`${round}`)),
      ),
    )
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(ends[2]?.status === 'rejected' && ends[2].reason).toBeInstanceOf(LeaseLost)
  }
  expect((await auth.load('m3', mine, [])).commits).toEqual([])
  const others = await auth.load('m4', await auth.fence('m4', 2, 'f2'), [])
  expect(texts(others.commits)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`))
})

test('a commit whose outcome is unknown may be made again', async () => {
  const { auth } = opened.store
  const n = await auth.fence('again', 1, 'f')
  await auth.append('again', n, 1, 'same', bytes('x'))
  await auth.append('again', n, 1, 'same', bytes('x'))
  await expect(auth.append('again', n, 1, 'other', bytes('y'))).rejects.toBeInstanceOf(LeaseLost)
})

test('a fold moves commits into keys; a late folder changes nothing', async () => {
  const { auth } = opened.store
  const n = await auth.fence('folded', 1, 'f')
  await auth.append('folded', n, 1, 'a', bytes('commit'))
  await auth.fold('folded', 1, {
    upTo: n,
    creds: bytes('creds'),
    puts: [{ type: 'session', id: 'x.1', body: bytes('v1') }],
    deletes: [],
  })
  const next = await auth.fence('folded', 2, 'g')
  await expect(
    auth.fold('folded', 1, { upTo: n + 5, puts: [{ type: 'session', id: 'x.1', body: bytes('stale') }], deletes: [] }),
  ).rejects.toBeInstanceOf(LeaseLost)
  const loaded = await auth.load('folded', next, [])
  expect(loaded.commits).toEqual([])
  expect(Buffer.from(loaded.creds ?? []).toString()).toBe('creds')
  expect(loaded.keys.map((key) => [key.type, key.id, Buffer.from(key.body).toString()])).toEqual([
    ['session', 'x.1', 'v1'],
  ])
})

test('a fold by the old owner in the very moment of the new one’s fence costs nothing, thirty times', async () => {
  const { auth } = opened.store
  for (let round = 0; round < 30; round += 1) {
    const id = `raced-${round}`
    const n = await auth.fence(id, 1, 'f')
    await auth.append(id, n, 1, 'a', bytes('one'))
    await auth.append(id, n + 1, 1, 'b', bytes('two'))
    const folded = { upTo: n + 1, puts: [{ type: 'session', id: 'x', body: bytes('one, two') }], deletes: [] }
    const [fold, next] = await Promise.all([
      auth.fold(id, 1, folded).then(
        () => true,
        (error: unknown) => error instanceof LeaseLost,
      ),
      auth.fence(id, 2, 'g'),
    ])
    expect(fold, 'done, or refused as late').toBe(true)
    // Either all of it was moved into the keys, or nothing was.
    const loaded = await auth.load(id, next, [])
    const keys = texts(loaded.keys.map(({ body }) => body))
    expect([keys, texts(loaded.commits)]).toEqual(keys.length > 0 ? [['one, two'], []] : [[], ['one', 'two']])
    // What the new owner writes is read by the one after it.
    await auth.append(id, next, 2, 'c', bytes('three'))
    await expect(auth.fold(id, 1, { ...folded, upTo: next })).rejects.toBeInstanceOf(LeaseLost)
    expect(texts((await auth.load(id, await auth.fence(id, 3, 'h'), [])).commits)).toContain('three')
  }
})

test('a fence that the old owner’s fold has overtaken stands again above it', async () => {
  const client = await MongoClient.connect(opened.uri)
  try {
    const real = client.db(opened.dbName)
    const old = opened.store.auth
    const n = await old.fence('overtaken fence', 1, 'f')
    await old.append('overtaken fence', n, 1, 'a', bytes('one'))
    let isFirst = true
    /** Between where its head was and its fence, the old owner commits twice and folds. */
    const insertOne = async (log: Collection, row: never) => {
      if (isFirst) {
        isFirst = false
        await old.append('overtaken fence', n + 1, 1, 'b', bytes('two'))
        await old.append('overtaken fence', n + 2, 1, 'b2', bytes('two and a half'))
        const puts = [{ type: 'session', id: 'x', body: bytes('all of it') }]
        await old.fold('overtaken fence', 1, { upTo: n + 2, puts, deletes: [] })
      }
      return log.insertOne(row)
    }
    const slow = (log: Collection) =>
      new Proxy(log, {
        get: (target, name) => {
          if (name === 'insertOne') return (row: never) => insertOne(target, row)
          const own: unknown = Reflect.get(target, name)
          return typeof own === 'function' ? (own.bind(target) as unknown) : own
        },
      })
    const db = new Proxy(real, {
      get: (target, name) => {
        if (name === 'collection')
          return (of: string) => (of === 'authLog' ? slow(target.collection(of)) : target.collection(of))
        return Reflect.get(target, name) as unknown
      },
    })
    const fresh = createAuthLogStore(client, db, createCipher(testSecret))
    const next = await fresh.fence('overtaken fence', 2, 'g')
    await fresh.append('overtaken fence', next, 2, 'c', bytes('three'))
    const loaded = await old.load('overtaken fence', await old.fence('overtaken fence', 3, 'h'), [])
    expect([texts(loaded.keys.map(({ body }) => body)), texts(loaded.commits)]).toEqual([['all of it'], ['three']])
  } finally {
    await client.close()
  }
})

test('lazy types are left out of a load and read by id', async () => {
  const { auth } = opened.store
  const n = await auth.fence('lazy', 1, 'f')
  await auth.fold('lazy', 1, {
    upTo: n - 1,
    puts: [
      { type: 'identity-key', id: 'i', body: bytes('i') },
      { type: 'pre-key', id: '1', body: bytes('p1') },
      { type: 'pre-key', id: '2', body: bytes('p2') },
      { type: 'session', id: 's', body: bytes('s') },
    ],
    deletes: [],
  })
  const loaded = await auth.load('lazy', n, ['pre-key'])
  expect(loaded.keys.map((key) => key.type).sort()).toEqual(['identity-key', 'session'])
  const read = await auth.readKeys('lazy', 'pre-key', ['2', '3'])
  expect([...read.keys()]).toEqual(['2'])
})

test('a link that is handed out in the moment of a fold is whole, a hundred times', async () => {
  const { auth } = opened.store
  let n = await auth.fence('handed', 1, 'f')
  const creds = bytes('{"me":1}')
  for (let round = 0; round < 100; round += 1, n += 1) {
    const key = { type: 'session', id: `x.${round}`, json: `${round}` }
    await auth.append('handed', n, 1, `c${round}`, packEncoded(new Map([['', key]])))
    const puts = [{ type: key.type, id: key.id, body: bytes(key.json) }]
    const [read] = await Promise.all([
      auth.readAll('handed'),
      auth.fold('handed', 1, { upTo: n, creds, puts, deletes: [] }),
    ])
    if (round === 0) continue
    expect(read?.keys.map(({ json }) => Number(json)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: round + 1 }, (_, i) => i),
    )
  }
})

test('a session’s keys are never another’s, also when one id is the beginning of the other', async () => {
  const { auth } = opened.store
  for (const id of ['a', 'ab']) {
    const n = await auth.fence(id, 1, 'f')
    await auth.append(id, n, 1, 'c', bytes(`commit of ${id}`))
    await auth.fold(id, 1, { upTo: 0, puts: [{ type: 'session', id: 'k', body: bytes(id) }], deletes: [] })
  }
  const loaded = await auth.load('a', 10, [])
  expect(loaded.keys).toHaveLength(1)
  expect(texts(loaded.commits)).toEqual(['commit of a'])
  await auth.wipe('a', 1, 5)
  expect((await auth.load('ab', 10, [])).keys).toHaveLength(1)
})

test('keys are unreadable at rest, and a row moved to another place does not open', async () => {
  const { auth } = opened.store
  const n = await auth.fence('sealed', 1, 'f')
  await auth.append('sealed', n, 1, 'c', bytes('a very secret ratchet'))
  const puts = [{ type: 'session', id: 'x', body: bytes('a very secret ratchet') }]
  await auth.fold('sealed-fold', 1, {
    upTo: (await auth.fence('sealed-fold', 1, 'f')) - 1,
    creds: bytes('a very secret ratchet'),
    puts,
    deletes: [],
  })
  const client = new MongoClient(opened.uri)
  try {
    const log = client.db(opened.dbName).collection<{ _id: object; body?: { buffer: Uint8Array } }>('authLog')
    const row = await log.findOne({ _id: { sessionId: 'sealed', n } })
    expect(Buffer.from(row?.body?.buffer ?? []).toString('latin1')).not.toContain('secret ratchet')
    for (const name of ['authKeys', 'authCreds']) {
      const rows = await client.db(opened.dbName).collection<{ body?: { buffer: Uint8Array } }>(name).find().toArray()
      const bodies = rows.flatMap(({ body }) => (body ? [Buffer.from(body.buffer).toString('latin1')] : []))
      expect(bodies.length, `something lies in ${name}`).toBeGreaterThan(0)
      expect(bodies.join()).not.toContain('secret ratchet')
    }
    await log.insertOne({ ...row, _id: { sessionId: 'sealed', n: n + 1 } })
    await expect(auth.load('sealed', n + 2, [])).rejects.toThrow()
  } finally {
    await client.close()
  }
})
