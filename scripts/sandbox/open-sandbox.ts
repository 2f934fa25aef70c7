// The sandbox in one call: a small WhatsApp server with pretend phones behind one HTTP port, which serves the door
// for scripts and the WebSocket for clients. Listens on loopback only.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { type BinaryNode, Curve } from '@whiskeysockets/baileys'
import { type WebSocket, WebSocketServer } from 'ws'
import { createDoor } from './door/door.ts'
import { answerIq } from './iq/answer-iq.ts'
import { createCodePairing } from './linking/pair-by-code.ts'
import { createWaitingClients } from './linking/waiting-clients.ts'
import { openMediaServer } from './media/media-server.ts'
import { sendHistory } from './phone/history-sync.ts'
import { createPhones } from './phone/phones.ts'
import { holdFolder } from './hold-folder.ts'
import { checkOnce } from './check-once.ts'
import { quietLibsignal } from './quiet-libsignal.ts'
import type { Address } from './records.ts'
import { admit } from './server/admit.ts'
import { createCalls } from './server/calls.ts'
import { acceptConnection, type Connection, type Log } from './server/connection.ts'
import { createExchange } from './server/exchange.ts'
import { createFaults } from './server/faults.ts'
import { receiveStanza } from './server/receive-stanza.ts'
import { createSignalRouter } from './server/route-signals.ts'
import { openStore } from './store.ts'

export type SandboxOptions = {
  /** 0 takes any free port. */
  port: number
  /** The state lies in a folder `sandbox` below it. */
  dataDir: string
  log: Log
  /** A loopback address; 127.0.0.1 unless told. */
  host?: string | undefined
}
export type Sandbox = { url: string; close(): Promise<void> }

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])
const SOCKET_PATH = '/ws/chat'
const KEEP_ALIVE_MS = 120_000

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(server.removeListener('error', reject) && undefined))
  })

export const openSandbox = async ({ port, dataDir, log, host = '127.0.0.1' }: SandboxOptions): Promise<Sandbox> => {
  if (!LOOPBACK.has(host)) throw new Error(`the sandbox listens on loopback only, not on ${host}`)
  quietLibsignal()
  checkOnce()
  const dir = join(dataDir, 'sandbox')
  const unlock = holdFolder(dir)
  const store = openStore(dir)
  const media = await openMediaServer(dir, host).catch(async (error: unknown) => {
    await store.close()
    unlock()
    throw error
  })
  const faults = createFaults()
  const exchange = createExchange({ store, faults, media, log })
  const waiting = createWaitingClients()
  const phones = createPhones(exchange)
  const codes = createCodePairing(exchange, waiting)
  const signals = createSignalRouter(exchange)
  const calls = createCalls(exchange)
  const serverKey = Curve.generateKeyPair()
  const key = { public: Buffer.from(serverKey.public), private: Buffer.from(serverKey.private) }

  const startHistory = (address: Address) => {
    const worker = phones.find(address.phone)
    worker
      ?.run(() => sendHistory(worker, address))
      .catch((error: unknown) => log.warn({ ...address, error: String(error) }, 'the first history sync failed'))
  }
  const iq = { exchange, codes, startHistory }
  const onNode = (connection: Connection, stanza: BinaryNode) => {
    if (stanza.tag === 'iq') answerIq(iq, connection, stanza)
    else receiveStanza(exchange, signals, calls, connection, stanza)
  }

  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 20 * 1024 * 1024 })
  let lastConnection = 0
  const accept = (ws: WebSocket) => {
    acceptConnection(ws, {
      id: ++lastConnection,
      serverKey: key,
      log,
      onNode,
      onLogin: (connection, login) => admit(exchange, waiting, connection, login),
      onClose: (connection) => {
        exchange.leave(connection)
        signals.leave(connection)
        waiting.remove(connection)
      },
    })
  }
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A socket that breaks before the upgrade is nobody's loss.
    socket.on('error', () => socket.destroy())
    const path = (request.url ?? '').split('?')[0]
    const refusal =
      path !== SOCKET_PATH ? '404 Not Found' : faults.refusesUpgrade() ? '503 Service Unavailable' : undefined
    if (refusal) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, accept)
  }

  const place = { url: '' }
  const door = createDoor({ exchange, phones, waiting, codes, signals, calls, place })
  const serve = getRequestListener(door.fetch)
  const server = createServer((request, response) => void serve(request, response))
  // Longer than a busy caller may be away: otherwise it writes into a connection that we have just closed.
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.on('upgrade', upgrade)
  try {
    await listen(server, port, host)
  } catch (error) {
    await media.close()
    await store.close()
    unlock()
    throw error
  }
  const { port: bound } = server.address() as AddressInfo
  place.url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
  phones.resume()

  return {
    url: place.url,
    close: async () => {
      for (const ws of sockets.clients) ws.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await phones.idle()
      await media.close()
      await store.close()
      unlock()
    },
  }
}
