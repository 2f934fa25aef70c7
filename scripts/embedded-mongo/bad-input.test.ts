import { createConnection, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Collection } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isEmbedded, openForTest, type TestMongo } from './open-for-test.ts'
import { encode } from './values.ts'

// oxlint-disable-next-line typescript/no-explicit-any
type Any = any

let mongo: TestMongo
let things: Collection<Any>

beforeAll(async () => {
  mongo = await openForTest()
  things = mongo.database().collection('things')
  await things.insertOne({ _id: 'witness' })
})
afterAll(() => mongo.close())

function connect(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(Number(new URL(mongo.uri).port), '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
  })
}

function frame(opcode: number, body: Buffer, length = body.length + 16): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32LE(length, 0)
  header.writeInt32LE(opcode, 12)
  return Buffer.concat([header, body])
}

const message = (body: Buffer, flags = 0): Buffer => {
  const start = Buffer.alloc(5)
  start.writeUInt32LE(flags, 0)
  return frame(2013, Buffer.concat([start, body]))
}

const ping = encode({ ping: 1, $db: 'admin' })

describe.runIf(isEmbedded)('a frame that is no message closes its connection and nothing else', () => {
  test.each<[string, Buffer]>([
    ['a length of 5', frame(2013, Buffer.alloc(0), 5)],
    ['a length of 100 MB', frame(2013, Buffer.alloc(0), 100_000_000)],
    ['a negative length', frame(2013, Buffer.alloc(0), -1)],
    ['an unknown opcode', frame(4242, ping)],
    ['noise', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['an unknown flag', message(ping, 1 << 5)],
    ['an empty message', frame(2013, Buffer.alloc(4))],
    ['a body longer than its frame', message(Buffer.from([0xff, 0, 0, 0, 0]))],
    [
      'a string that runs out of its document',
      message(Buffer.from([0x10, 0, 0, 0, 2, 97, 0, 0xff, 0xff, 0xff, 0x7f, 120, 0, 0, 0, 0])),
    ],
    ['a nested document longer than its parent', message(Buffer.from([0x0d, 0, 0, 0, 3, 97, 0, 0x50, 0, 0, 0, 0, 0]))],
  ])('%s', async (_name, bytes) => {
    const socket = await connect()
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(bytes)
    await closed
    expect(await things.findOne({ _id: 'witness' })).not.toBeNull()
  })

  test('half a frame is waited for, byte by byte if need be', async () => {
    const socket = await connect()
    const whole = message(ping)
    const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve))
    for (const byte of whole) socket.write(Buffer.from([byte]))
    expect((await answered).readInt32LE(12)).toBe(2013)
    socket.destroy()
  })

  test('only the loopback interface is listened on', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address && !address.internal && address.family === 'IPv4')
    if (!outside) return
    const socket = createConnection(Number(new URL(mongo.uri).port), outside.address)
    await expect(
      new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

test('a document over 16 MB is refused, and one that grows over it', async () => {
  await things.insertOne({ _id: 'big', half: Buffer.alloc(9_000_000) })
  await expect(things.updateOne({ _id: 'big' }, { $set: { other: Buffer.alloc(9_000_000) } })).rejects.toMatchObject({
    code: isEmbedded ? 10334 : 17419,
  })
  const tooLarge = mongo.client
    .db(things.dbName)
    .command({ insert: 'things', documents: [{ bytes: Buffer.alloc(16 * 1024 * 1024 + 20_000) }] })
  const failure = await tooLarge.then(
    (reply) => reply['writeErrors']?.[0] as unknown,
    (error: unknown) => error,
  )
  expect(failure).toMatchObject({ code: 10334 })
  expect(await things.countDocuments()).toBe(2)
})

describe.runIf(isEmbedded)('nesting', () => {
  const nested = (depth: number): Any => (depth === 0 ? 1 : { a: nested(depth - 1) })
  test('of 100 is stored, of more is refused', async () => {
    await things.insertOne(nested(99))
    await expect(things.insertOne(nested(120))).rejects.toMatchObject({ code: 15 })
  })
})

test('names and ids that cannot be are refused', async () => {
  const db = mongo.client.db(things.dbName)
  await expect(db.command({ insert: 'a$b', documents: [{ a: 1 }] })).rejects.toMatchObject({
    code: 73,
    codeName: 'InvalidNamespace',
  })
  await expect(things.insertOne({ _id: [1] })).rejects.toMatchObject({ code: isEmbedded ? 2 : 53 })
  await expect(db.command({ nonsense: 1 })).rejects.toMatchObject({ code: 59, codeName: 'CommandNotFound' })
  await expect(things.find({ a: { $nonsense: 1 } }).toArray()).rejects.toMatchObject({ code: 2, codeName: 'BadValue' })
})
