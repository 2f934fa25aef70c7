// The other side of the comparison: Baileys as it comes, with its keys in memory, and nothing else. A process of its own,
// steered over HTTP: POST / with one of `Task`.
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { deserialize, serialize } from 'node:v8'
import makeWASocket, { type WAMessage, type WASocket } from '@whiskeysockets/baileys'
import { pino } from 'pino'
import { WebSocketServer } from 'ws'
import { memoryAuth, openDoor, type Auth } from '../sandbox/test/client.ts'
import { inParallel } from './in-parallel.ts'
import { serveTasks } from './serve-tasks.ts'

export type Task =
  /** Links so many phones; answers with their numbers. */
  | { do: 'link'; sessions: number }
  /** Answers when that many texts in all have been printed. */
  | { do: 'printed'; total: number }
  /** Every session sends `each` texts to its number, one after the other; sessions side by side. */
  | { do: 'send'; to: string[]; each: number }
  /** Texts go to every WebSocket client from now on; answers with its URL. */
  | { do: 'forward' }
  /** Writes what is linked here to a file, for `load` in another process. */
  | { do: 'save'; file: string }
  /** Opens so many of the sessions in a file, from the given one on; answers when all are open. */
  | { do: 'load'; file: string; from: number; sessions: number }

type Saved = { phone: string; creds: Auth['creds']; kept: Map<string, unknown> }
type Linked = { auth: Auth; sock: WASocket; phone: string; kept: Saved['kept'] }

const linksAtOnce = 4

const door = openDoor(process.env['SANDBOX_URL'] ?? '')
const linked: Linked[] = []
let printed = 0
let onPrinted: () => void = () => undefined
let forward: ((text: string) => void) | undefined

function connect(wsUrl: string, auth: Auth): WASocket {
  const sock = makeWASocket({ waWebSocketUrl: wsUrl, auth, logger: pino({ level: 'silent' }) })
  sock.ev.on('messages.upsert', ({ messages }) => messages.forEach(print))
  return sock
}

function print({ key, message }: WAMessage): void {
  const text = message?.conversation ?? message?.extendedTextMessage?.text
  if (key.fromMe || text === undefined || text === null) return
  process.stdout.write(`${key.remoteJid} ${key.id} ${text}\n`)
  forward?.(JSON.stringify({ from: key.remoteJid, id: key.id, text }))
  printed += 1
  onPrinted()
}

function until(sock: WASocket, state: 'open' | 'close'): Promise<void> {
  return new Promise((resolve) =>
    sock.ev.on('connection.update', (update) => {
      if (update.connection === state) resolve()
    }),
  )
}

async function link(wsUrl: string): Promise<string> {
  const { phone } = await door.post<{ phone: string }>('/phones')
  const kept: Saved['kept'] = new Map()
  const auth = memoryAuth(kept)
  const first = connect(wsUrl, auth)
  first.ev.on('creds.update', (update) => Object.assign(auth.creds, update))
  const closed = until(first, 'close')
  const qr = await new Promise<string>((resolve) =>
    first.ev.on('connection.update', (update) => {
      if (update.qr) resolve(update.qr)
    }),
  )
  await door.post(`/phones/${phone}/scan`, { qr })
  await closed
  linked.push({ auth, phone, kept, sock: await open(wsUrl, auth) })
  return phone
}

async function open(wsUrl: string, auth: Auth): Promise<WASocket> {
  const sock = connect(wsUrl, auth)
  sock.ev.on('creds.update', (update) => Object.assign(auth.creds, update))
  await until(sock, 'open')
  return sock
}

async function perform(task: Task): Promise<unknown> {
  const { wsUrl } = await door.get<{ wsUrl: string }>('/')
  switch (task.do) {
    case 'link': {
      const phones = Array.from({ length: task.sessions })
      return { phones: await inParallel(phones, linksAtOnce, () => link(wsUrl)) }
    }
    case 'printed':
      return new Promise((resolve) => {
        onPrinted = () => {
          if (printed >= task.total) resolve({ printed })
        }
        onPrinted()
      })
    case 'send':
      await Promise.all(
        task.to.map(async (to, i) => {
          for (let n = 0; n < task.each; n += 1)
            await linked[i]?.sock.sendMessage(`${to}@s.whatsapp.net`, { text: `out ${n}` })
        }),
      )
      return {}
    case 'forward': {
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
      await new Promise((resolve) => server.once('listening', resolve))
      forward = (text) => {
        for (const client of server.clients) client.send(text)
      }
      return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` }
    }
    case 'save': {
      const saved: Saved[] = linked.map(({ phone, auth: { creds }, kept }) => ({ phone, creds, kept }))
      writeFileSync(task.file, serialize(saved))
      return {}
    }
    case 'load': {
      const saved = deserialize(readFileSync(task.file)) as Saved[]
      await Promise.all(
        saved.slice(task.from, task.from + task.sessions).map(async ({ phone, creds, kept }) => {
          const auth = memoryAuth(kept)
          Object.assign(auth.creds, creds)
          linked.push({ auth, phone, kept, sock: await open(wsUrl, auth) })
        }),
      )
      return {}
    }
  }
}

serveTasks(perform)
