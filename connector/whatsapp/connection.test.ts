// One socket's life, against servers that refuse, say nothing or cut: no WhatsApp is needed for these promises.
import './silence-libsignal.ts'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { encodeWAMessage, proto } from '@whiskeysockets/baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import type { AuthLogStore } from '../../shared/store/auth-log.ts'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { toBareJid } from '../../shared/model/jid.ts'
import { openConnection, type Connection, type ConnectionOptions, type ConnectionState } from './connection.ts'
import type { Fact } from './facts.ts'
import { hashCiphertext } from './keys/journal.ts'
import { createRetryCaches } from './retry-caches.ts'
import { openOurs, ourJid, peerJid, silentLog, type Ours } from './testing/sides.ts'

let opened: TestStore
/** Takes connections and never says a word. */
let mute: Server
let refusing: HttpServer
const sockets = new Set<Socket>()
type Listening = { address(): ReturnType<Server['address']> }
const portOf = (server: Listening) => (server.address() as AddressInfo).port

beforeAll(async () => {
  opened = await openTestStore()
  mute = createServer((socket) => void sockets.add(socket.on('error', () => undefined)))
  refusing = createHttpServer().on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
  )
  await Promise.all(
    [mute, refusing].map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
  )
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  mute.close()
  refusing.close()
  await opened.close()
})

type Told = Fact['kind'] | ConnectionState['kind']

function connect(ours: Ours, server: Listening, more: Partial<ConnectionOptions> = {}) {
  const told: Told[] = []
  let close: (state: Extract<ConnectionState, { kind: 'closed' }>) => void = () => undefined
  const closed = new Promise<Extract<ConnectionState, { kind: 'closed' }>>((resolve) => (close = resolve))
  const connection = openConnection({
    url: `ws://127.0.0.1:${portOf(server)}/`,
    keyStore: ours.keyStore,
    journal: ours.journal,
    settings: {},
    retryCaches: createRetryCaches(),
    log: silentLog,
    onFact: ({ fact }) => void (fact.kind === 'message' && told.push(fact.kind)),
    onState: (state) => {
      told.push(state.kind)
      if (state.kind === 'closed') close(state)
    },
    readOwn: () => Promise.resolve(undefined),
    // Longer than any test: what closes a connection here is not the watchdog, unless a test says so.
    watchdogMs: 600_000,
    ...more,
  })
  return { connection, told, closed }
}

let sessions = 0
/** Linked, with these texts decrypted and journalled, none of them stored. */
async function openLinked(...texts: string[]): Promise<Ours> {
  return openLinkedOver(opened.store.auth, ...texts)
}

async function openLinkedOver(store: AuthLogStore, ...texts: string[]): Promise<Ours> {
  const ours = await openOurs(store, `connection-${(sessions += 1)}`, 1)
  ours.keyStore.creds.account = { details: new Uint8Array([1]) }
  for (const [i, text] of texts.entries()) {
    const id = `M${i + 1}`
    const content = Buffer.from(`ciphertext of ${id}`)
    const enc = { tag: 'enc', attrs: { v: '2', type: 'msg' }, content }
    const node = { tag: 'message', attrs: { id, from: peerJid, type: 'text', t: '1700000000' }, content: [enc] }
    const plaintext = encodeWAMessage({ conversation: text })
    await ours.keyStore.memory.apply(ours.journal.entry(hashCiphertext(content), node, plaintext))
  }
  return ours
}

test('an HTTP error instead of the upgrade ends the socket at once, and says which', async () => {
  const { closed } = connect(await openLinked(), refusing)
  expect((await closed).reason).toContain('503')
})

test('a server that takes the connection and says nothing is given up when the watchdog says so', async () => {
  const { closed } = connect(await openLinked(), mute, { watchdogMs: 100 })
  expect((await closed).reason).toContain('connect timeout')
})

test('a server that is gone and answers no goodbye holds up the end of a connection for two seconds, not for thirty', async () => {
  const gone = createHttpServer().on('upgrade', (request, socket) => {
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    )
    socket.once('data', () => gone.emit('hello')).on('error', () => undefined)
  })
  gone.listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const heard = once(gone, 'hello')
  const { connection } = connect(await openLinked(), gone)
  await heard
  const from = Date.now()
  await connection.end('test')
  expect(Date.now() - from).toBeLessThan(15_000)
  gone.closeAllConnections()
  gone.close()
})

async function replayed(connection: Connection, count: number): Promise<void> {
  while (connection.health().replayed < count) await new Promise((resolve) => setImmediate(resolve))
}

test('what was decrypted and not stored is told again, in order, before the socket is open', async () => {
  const ours = await openLinked('one', 'two', 'three')
  const texts: unknown[] = []
  const onFact: ConnectionOptions['onFact'] = ({ fact }) => {
    if (fact.kind === 'message') texts.push(fact.content.text)
  }
  const { connection, told } = connect(ours, mute, { onFact })
  await replayed(connection, 3)
  await connection.end('test')
  expect(texts).toEqual(['one', 'two', 'three'])
  expect(told).toEqual(['closed'])
})

test('a replay puts nothing on the wire: before the handshake is done the server would close the socket, each time', async () => {
  let held: Promise<void> | undefined
  let release: () => void = () => undefined
  const { auth } = opened.store
  const ours = await openLinkedOver({ ...auth, append: async (...row) => (await held, auth.append(...row)) })
  const own = (id: string, message: Parameters<typeof encodeWAMessage>[0], more: Record<string, string>) => {
    const content = Buffer.from(`ciphertext of ${id}`)
    const enc = { tag: 'enc', attrs: { v: '2', type: 'msg' }, content }
    const attrs = { id, from: toBareJid(ourJid), recipient: peerJid, type: 'text', t: '1700000000', ...more }
    const node = { tag: 'message', attrs, content: [enc] }
    return ours.keyStore.memory.apply(ours.journal.entry(hashCiphertext(content), node, encodeWAMessage(message)))
  }
  // The first is worked on until its key is written to the database, after the hello; the second changes our own name, which
  // makes Baileys tell WhatsApp.
  const keyData = { keyData: Buffer.alloc(32), fingerprint: {}, timestamp: 1 }
  const keys = [{ keyId: { keyId: Buffer.from('AAAA', 'base64') }, keyData }]
  const type = proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE
  await own('K1', { protocolMessage: { type, appStateSyncKeyShare: { keys } } }, {})
  await own('T1', { conversation: 'typed on the phone' }, { notify: 'A new name' })

  const frames: Buffer[] = []
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const gone = new Promise<void>((resolve) =>
    server.once('connection', (socket) => {
      socket.on('message', (data: Buffer) => frames.push(data))
      socket.on('close', () => resolve())
    }),
  )
  const hello = once(server, 'connection').then(([socket]) => once(socket as WebSocket, 'message'))
  held = new Promise((resolve) => (release = resolve))
  const { connection } = connect(ours, server)
  await hello
  release()
  await replayed(connection, 1)
  await connection.end('test')
  await gone
  server.close()
  expect(ours.journal.pendingCount(), 'the key waits for the login').toBeGreaterThan(0)
  expect(frames.length, 'the hello of the handshake, and nothing else').toBeLessThanOrEqual(1)
})

test('what a socket still holds back when it closes is told before it says that it is closed', async () => {
  const { connection, told } = connect(await openLinked('one', 'two'), mute)
  await replayed(connection, 2)
  expect(told, 'held back until WhatsApp says that the queue has ended').toEqual([])
  await connection.end('test')
  expect(told).toEqual(['message', 'message', 'closed'])
})

test('a fact that cannot be taken costs nobody else theirs, and its stanza stays to be told again', async () => {
  const ours = await openLinked('bad', 'good')
  const taken: unknown[] = []
  const onFact: ConnectionOptions['onFact'] = ({ fact, stored }) => {
    if (fact.kind !== 'message') return
    if (fact.content.text === 'bad') throw new Error('cannot be taken')
    taken.push(fact.content.text)
    stored()
  }
  const { connection } = connect(ours, mute, { onFact })
  await replayed(connection, 2)
  await connection.end('test')
  expect(taken).toEqual(['good'])
  expect(ours.journal.pendingCount()).toBe(1)
})

test('a replay tells nothing twice: what is stored is done, and the next connection has nothing to replay', async () => {
  const ours = await openLinked('one')
  const first = connect(ours, mute, { onFact: ({ stored }) => stored() })
  await replayed(first.connection, 1)
  await first.connection.end('test')
  const second = connect(ours, mute)
  await second.connection.end('test')
  expect(second.told).toEqual(['closed'])
  expect(ours.journal.pendingCount()).toBe(0)
})
