// What a connector stands on goes away and comes back: MongoDB frozen, killed, without space on its disk, WhatsApp gone.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChild, type Child } from '../../scripts/testing/child.ts'
import { openReader, type Reader } from '../../scripts/testing/relay-reader.ts'
import { openSmallDisk } from '../../scripts/testing/small-disk.ts'
import { numbered, openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

/** Absent where mounting is not permitted. */
const disk = openSmallDisk()
const dataDir = disk?.path ?? mkdtempSync(join(tmpdir(), 'wastream-away-'))
let mongo: Child
let world: World
let ana: Phone
let beto: Phone
let connector: Child
let steady: Reader
let restless: Reader
beforeAll(async () => {
  mongo = await startChild('scripts/mongo.ts', { DATA_DIR: dataDir })
  world = await openWorld({ mongodbUri: mongo.ready['uri'] ?? '' })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  connector = await world.startConnector({ CONNECTOR_ROLES: 'sessions,relay' })
  await world.link('s', ana)
  const { token } = await world.store.apiKeys.create({ name: 'reader', scopes: ['*'] }, 'test')
  const url = `${connector.ready['relay']?.replace('http', 'ws')}/v1/ws`
  steady = openReader(url, token, 's')
  restless = openReader(url, token, 's', 25)
})
afterAll(async () => {
  steady.close()
  restless.close()
  await world.close()
  await mongo.stop()
  disk?.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** To the whole group: a real mongod is a child of the program that was started. */
const signal = (name: NodeJS.Signals) => process.kill(-mongo.pid, name)
const received = (prefix: string) =>
  world
    .of('message.received')
    .map((event) => String(event.data['text']))
    .filter((text) => text.startsWith(prefix))

/** Texts both ways; in their middle MongoDB goes away, and comes back. */
async function throughAbsence(name: string, absence: () => Promise<void>): Promise<void> {
  const sockets = steady.opened()
  const outgoing = numbered(`${name} out`, 20)
  for (const text of outgoing) await world.post('s', beto, text)
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: `${name} before`, count: 40 })
  await world.until('some received', () => received(`${name} before`).length >= 5)
  await absence()
  await world.until('all received', () => received(`${name} during`).length >= 40)

  expect(received(`${name} before`)).toEqual(numbered(`${name} before`, 40))
  expect(received(`${name} during`)).toEqual(numbered(`${name} during`, 40))
  const chat = await world.store.chats.resolve('s', [`${beto.phone}@s.whatsapp.net`, beto.lid])
  const { data: kept } = await world.store.messages.page('s', chat?.chatId ?? '', { limit: 1_000 })
  const keptTexts = kept.flatMap(({ text = '' }) => (/ (before|during) /.test(text) ? [text] : []))
  expect(keptTexts.filter((text) => text.startsWith(name)).sort(), 'in the database once').toEqual(
    [...numbered(`${name} before`, 40), ...numbered(`${name} during`, 40)].sort(),
  )
  const isOurs = (text: unknown) => String(text).startsWith(`${name} out`)
  const delivered = () => world.of('message.delivered').filter((event) => isOurs(event.data['text']))
  await world.until('all sent', () => delivered().length >= outgoing.length)
  expect((await world.inbox(beto)).map((row) => row.text).filter(isOurs)).toEqual(outgoing)
  expect(world.of('session.owner_changed'), 'nobody else took the session').toHaveLength(1)
  const { counters } = await world.phoneState(beto)
  expect(counters).toMatchObject({ failedDecryptions: 0, retryReceiptsReceived: 0 })

  const head = await world.store.events.headOf('s')
  const numbers = Array.from({ length: head }, (_, i) => i + 1)
  for (const reader of [steady, restless]) {
    await reader.until(head)
    expect(reader.seqs().slice(0, head), 'each event once, in order').toEqual(numbers)
  }
  expect(steady.opened(), 'the socket stayed').toBe(sockets)
  expect(restless.opened(), 'the other one came back').toBeGreaterThan(1)
}

async function startMongoAgain(): Promise<void> {
  const port = new URL(mongo.ready['uri'] ?? '').port
  mongo = await startChild('scripts/mongo.ts', { DATA_DIR: dataDir, MONGO_PORT: port })
}

/** A full disk is none for a MongoDB with free pages in its file: it is written to until it ends. */
async function useUpWhatIsFree(): Promise<void> {
  const client = new MongoClient(mongo.ready['uri'] ?? '', { serverSelectionTimeoutMS: 1_000 })
  const rows = client.db('ballast').collection('ballast')
  const ended = mongo.exited.then(() => true)
  const write = () =>
    rows.insertOne({ bytes: Buffer.alloc(1_000_000) }).then(
      () => false,
      () => false, // It ends in that moment.
    )
  let isOver = false
  while (!isOver) isOver = await Promise.race([ended, write()])
  await client.close()
}

const burst = (name: string) =>
  world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: `${name} during`, count: 40 })

test('MongoDB frozen for 22 s under traffic both ways: nothing lost, nothing twice, sockets stay', async () => {
  await throughAbsence('frozen', async () => {
    signal('SIGSTOP')
    await burst('frozen')
    await new Promise((resolve) => setTimeout(resolve, 22_000)) // waits: longer than the driver lets a socket be silent
    signal('SIGCONT')
  })
})

test('MongoDB killed with -9 under traffic both ways, and started again: the same', async () => {
  await throughAbsence('killed', async () => {
    signal('SIGKILL')
    await mongo.exited
    await burst('killed')
    await startMongoAgain()
  })
})

test.skipIf(!disk)(
  'the disk under MongoDB full under traffic both ways: the same, once it has space and is started again',
  async () => {
    await throughAbsence('full', async () => {
      disk?.fill()
      await burst('full')
      await useUpWhatIsFree() // What it cannot write it must not say: it ends, as a mongod does.
      disk?.free()
      await startMongoAgain()
    })
  },
)

/** Rejects with a number that nobody waits for, ten times a second once the connector runs, as Baileys does at drops. */
const leak = `setInterval(()=>process.listenerCount('SIGTERM')&&Promise.reject(1006),100).unref()`

test('a WhatsApp that is gone is waited for: one owner, few tries, and everything goes on when it is back', async () => {
  const world = await openWorld()
  try {
    const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
    const preload = `--import data:text/javascript,${encodeURIComponent(leak)}`
    const still = await world.startConnector({ NODE_OPTIONS: preload })
    await world.link('s', ana)
    world.sandbox.kill('SIGKILL')
    await world.sandbox.exited
    await world.until('four failed tries', () => world.of('session.disconnected').length >= 4)
    const [third, fourth] = world
      .of('session.disconnected')
      .slice(2)
      .map((event) => event.at.getTime())
    expect((fourth ?? 0) - (third ?? 0), 'the waits grow: 50 ms, 0.5 to 1 s, 1 to 2 s').toBeGreaterThanOrEqual(1_000)
    const text = await world.post('s', beto, 'kept meanwhile')
    expect(world.of('session.owner_changed').length, 'nobody lets go of a session because WhatsApp is away').toBe(1)
    expect((await world.store.commands.ofMessage('s', text))?.attempts, 'no try is used up').toBe(0)
    expect((await world.store.sessions.read('s'))?.status).not.toBe('connected')
    await still.stop()
    expect(await still.exited, 'rejections that Baileys leaks have not ended it').toBe(0)
  } finally {
    await world.close()
  }
})
