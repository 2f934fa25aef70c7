// Bytes in GridFS: the contract, and that nobody reads or swaps them in the database.
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { MongoClient, type Binary, type Db } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestStore, testSecret, type TestStore } from '../../scripts/testing/mongo.ts'
import { createCipher } from './cipher.ts'
import { createGridFsBytes } from './gridfs-bytes.ts'
import { mediaBytesContract, pieces } from './media-bytes.contract.ts'
import type { MediaBytes } from './media-bytes.ts'

let opened: TestStore
let client: MongoClient
let db: Db
let place: MediaBytes
beforeAll(async () => {
  opened = await openTestStore()
  client = await MongoClient.connect(opened.uri)
  db = client.db(opened.dbName)
  place = createGridFsBytes(db, createCipher(testSecret, undefined, 'media'))
})
afterAll(async () => {
  await client.close()
  await opened.close()
})

describe('the contract', () => mediaBytesContract(() => place))

const chunksOf = (id: string) =>
  db
    .collection<{ files_id: string; n: number; data: Binary }>('media.chunks')
    .find({ files_id: id })
    .sort({ n: 1 })
    .toArray()

test('the database holds no byte of it in the clear', async () => {
  await place.put('secret', pieces(Buffer.alloc(300_000, 'a secret text '), 50_000))
  for (const { data } of await chunksOf('secret')) expect(Buffer.from(data.buffer).includes('secret')).toBe(false)
})

test('chunks that were swapped, changed or taken away are not handed out', async () => {
  const chunks = db.collection('media.chunks')
  const put = () => place.put('f', pieces(randomBytes(600_000), 100_000))
  await put()
  const [first, second] = await chunksOf('f')
  await chunks.updateOne({ files_id: 'f', n: 0 }, { $set: { data: second?.data } })
  await chunks.updateOne({ files_id: 'f', n: 1 }, { $set: { data: first?.data } })
  await expect(buffer(place.open('f')), 'swapped').rejects.toThrow(/authenticate/)
  await place.remove('f')
  await put()
  await place.put('g', pieces(randomBytes(600_000), 100_000))
  const [foreign] = await chunksOf('g')
  await chunks.updateOne({ files_id: 'f', n: 0 }, { $set: { data: foreign?.data } })
  await expect(buffer(place.open('f')), "another file's").rejects.toThrow(/authenticate/)
  await chunks.deleteMany({ files_id: 'g', n: 2 })
  await expect(buffer(place.open('g')), 'cut off').rejects.toThrow()
})

test('of what failed on its way in no chunk is left', async () => {
  const broken = (async function* () {
    yield randomBytes(600_000)
    // What was written so far is in the database by then.
    for (let found = 0; found < 2; found = (await chunksOf('cut')).length) yield randomBytes(300_000)
    throw new Error('cut')
  })()
  await expect(place.put('cut', broken)).rejects.toThrow('cut')
  expect(await chunksOf('cut')).toEqual([])
})
