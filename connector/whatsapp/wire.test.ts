// Nothing leaves before it is durable, nothing overtakes: the real repository and log behind a socket that only remembers.
import './silence-libsignal.ts'
import './unshared-signal-queue.ts'
import { encodeWAMessage } from '@whiskeysockets/baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { LeaseLost, type AuthLogStore } from '../../shared/store/auth-log.ts'
import { beginSession, createPeer, openOurs, ourJid, peerJid, seal, tell, receive } from './testing/sides.ts'
import { createSignalRepository } from './keys/signal-repository.ts'
import { silentLogger } from './testing/sides.ts'
import { gateWire, rawSocketOf } from './wire.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

function createSocket() {
  const sent: string[] = []
  const socket = { send: (data: unknown) => void sent.push(String(data)) }
  return { sent, socket: socket as unknown as Parameters<typeof gateWire>[0] }
}

function createDoor() {
  let open: () => void = () => undefined
  let refuse: (error: Error) => void = () => undefined
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve
    refuse = reject
  })
  return { passed, open, refuse }
}

/** Everything that waits for nothing outside has run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

test('frames leave at once while nothing is awaited', () => {
  const { socket, sent } = createSocket()
  gateWire(socket)
  socket.send('one')
  socket.send('two')
  expect(sent).toEqual(['one', 'two'])
})

test('a frame waits for what it rests on, those behind it wait too, and the order is kept over several waits', async () => {
  const { socket, sent } = createSocket()
  const wire = gateWire(socket)
  const [first, second] = [createDoor(), createDoor()]
  let taken = 0
  socket.send('before')
  wire.holdFor(first.passed)
  socket.send('one', () => (taken += 1))
  wire.holdFor(second.passed)
  socket.send('two')
  socket.send('ping')
  expect(taken, 'who sends does not wait').toBe(1)
  second.open()
  await settle()
  expect(sent, 'the second commit is no reason to go before the first').toEqual(['before'])
  first.open()
  await settle()
  socket.send('after')
  expect(sent).toEqual(['before', 'one', 'two', 'ping', 'after'])
})

test('a goodbye is waited for in its turn, however much is held behind it', async () => {
  const { socket, sent } = createSocket()
  const wire = gateWire(socket)
  const [before, behind] = [createDoor(), createDoor()]
  wire.holdFor(before.passed)
  socket.send('goodbye')
  let hasPassed = false
  const passed = wire.passed().then(() => (hasPassed = true))
  wire.holdFor(behind.passed)
  socket.send('more')
  await settle()
  expect([sent, hasPassed]).toEqual([[], false])
  before.open()
  await passed
  expect(sent).toEqual(['goodbye'])
})

test('of frames that will never leave the end is not waited for', async () => {
  const { socket } = createSocket()
  const wire = gateWire(socket)
  const door = createDoor()
  wire.holdFor(door.passed)
  socket.send('goodbye')
  door.refuse(new LeaseLost('s'))
  await wire.passed()
})

test('of several holds that are refused together none is left unhandled', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  const { socket } = createSocket()
  const wire = gateWire(socket)
  const doors = [createDoor(), createDoor(), createDoor()]
  for (const door of doors) wire.holdFor(door.passed)
  for (const door of doors) door.refuse(new LeaseLost('s'))
  await settle()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

test('what rests on a refused commit never leaves, nor does anything after it', async () => {
  const { socket, sent } = createSocket()
  const wire = gateWire(socket)
  const door = createDoor()
  wire.holdFor(door.passed)
  socket.send('one')
  door.refuse(new LeaseLost('s'))
  await settle()
  socket.send('two')
  await settle()
  expect(sent).toEqual([])
})

test('a Baileys that keeps its socket elsewhere is refused, not run without the gate', () => {
  expect(() => rawSocketOf({ connection: {} })).toThrow('elsewhere')
})

/** Two endpoints that have written to each other, ours behind a wire, over a log that can be shut. */
async function openBehindWire(id: string) {
  let door: ReturnType<typeof createDoor> | undefined
  const store: AuthLogStore = {
    ...opened.store.auth,
    append: async (...row) => {
      await door?.passed
      return opened.store.auth.append(...row)
    },
  }
  const plain = await openOurs(store, id, 1)
  const peer = createPeer()
  await beginSession(peer.repository, ourJid, { creds: plain.keyStore.creds, keys: plain.keyStore.keys })
  await receive(plain, await seal(peer, 'hello', 'M0'))
  await tell(plain, peer, 'hello')
  const { socket, sent } = createSocket()
  const { keyStore, journal } = plain
  const safe = createSignalRepository(keyStore, journal, keyStore.creds, silentLogger, undefined, gateWire(socket))
  const ours = { ...plain, safe, repository: safe.repository }
  return { ours, peer, socket, sent, shut: () => (door = createDoor()), open: () => door?.open() }
}

const data = encodeWAMessage({ conversation: 'out' })

test('several texts are encrypted before the first is durable; none is on the wire, then all of them in order', async () => {
  const { ours, socket, sent, shut, open } = await openBehindWire('several-out')
  shut()
  for (const name of ['one', 'two', 'three']) {
    await ours.repository.encryptMessage({ jid: peerJid, data })
    socket.send(name)
  }
  await settle()
  expect(sent).toEqual([])
  open()
  await ours.keyStore.log.durable()
  await settle()
  expect(sent).toEqual(['one', 'two', 'three'])
})

test('a receipt leaves when the stanza it is for stands in the log', async () => {
  const { ours, peer, socket, sent, shut, open } = await openBehindWire('receipt')
  const sealed = await seal(peer, 'in', 'M1')
  shut()
  expect(await receive(ours, sealed)).toBe('in')
  socket.send('receipt of M1')
  await settle()
  expect(sent).toEqual([])
  open()
  await ours.keyStore.log.durable()
  await settle()
  expect(sent).toEqual(['receipt of M1'])
  // The next owner, who knows only the log, has the stanza.
  const next = await openOurs(opened.store.auth, 'receipt', 2)
  expect(next.journal.pendingCount()).toBe(2)
})

test('when an owner is overtaken, what it had encrypted is not sent', async () => {
  const { ours, socket, sent, shut, open } = await openBehindWire('overtaken')
  shut()
  await ours.repository.encryptMessage({ jid: peerJid, data })
  socket.send('stale')
  await opened.store.auth.fence('overtaken', 2, 'other')
  open()
  await expect(ours.keyStore.log.durable()).rejects.toBeInstanceOf(LeaseLost)
  await settle()
  expect(sent).toEqual([])
})

test('while the database hangs nothing piles up before the wire: the next ones wait themselves', async () => {
  const { ours, socket, sent, shut, open } = await openBehindWire('slow')
  shut()
  await ours.repository.encryptMessage({ jid: peerJid, data })
  while (!ours.keyStore.log.isSlow()) await settle()
  let isThrough = false
  const second = ours.repository.encryptMessage({ jid: peerJid, data }).then(() => (isThrough = true))
  await settle()
  expect(isThrough).toBe(false)
  open()
  await second
  socket.send('free again')
  await settle()
  expect(sent).toEqual(['free again'])
})
