// The embedded MongoDB: storage, commands and a loopback socket put together. It says so to whoever asks: it is for
// trying out and testing without a download.
import { createServer, type Socket } from 'node:net'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Catalog } from './catalog.ts'
import { compileIndex } from './commands/indexes.ts'
import type { Server } from './commands/context.ts'
import { dispatch } from './commands/dispatch.ts'
import { maxMessageBytes, setName } from './commands/server.ts'
import { Cursors } from './cursors.ts'
import { lockDirectory } from './directory-lock.ts'
import { Store } from './data.ts'
import { toFailure } from './failure.ts'
import { History, type HistoryBounds } from './history.ts'
import { runExpiry } from './expiry.ts'
import { Storage } from './storage.ts'
import { Sessions } from './transactions.ts'
import { Frames, formatReply, parseMessage, ProtocolError, type Message } from './wire.ts'

export type EmbeddedOptions = {
  dataDir: string
  /** 0 = any free port. */
  port?: number
  log?: (line: string) => void
  /** What change streams can resume from. Default: 200,000 changes and 256 MB, whichever is reached first. */
  historyBounds?: HistoryBounds
  /** Default: 60,000, as in MongoDB. */
  transactionLifetimeMs?: number
  /** Default: 1,000. */
  expiryIntervalMs?: number
}

const defaultHistory = { maxEntries: 200_000, maxBytes: 256 * 1024 * 1024 }
const defaultTransactionLifetimeMs = 60_000
const defaultExpiryIntervalMs = 1000

export async function openEmbedded(
  options: EmbeddedOptions,
): Promise<{ uri: string; port: number; close(): Promise<void> }> {
  const { dataDir, log = () => undefined } = options
  const directory = join(dataDir, 'embedded-mongo')
  mkdirSync(directory, { recursive: true })
  const unlock = await lockDirectory(directory)
  let storage: Storage
  try {
    storage = new Storage(join(directory, 'db'))
  } catch (error) {
    unlock()
    throw error
  }
  const catalog = new Catalog(storage)
  for (const collection of catalog.all()) collection.indexes.forEach(compileIndex)
  const history = new History(storage, options.historyBounds ?? defaultHistory, Date.now)
  storage.beforeCommit = () => history.beforeCommit()
  storage.afterCommit = () => history.afterCommit()
  const store = new Store(storage, catalog, history)
  const sessions = new Sessions(store, options.transactionLifetimeMs ?? defaultTransactionLifetimeMs)
  const cursors = new Cursors()
  const sockets = new Set<Socket>()
  let port = 0
  const server: Server = { store, cursors, sessions, address: () => `127.0.0.1:${port}`, startedAt: performance.now() }
  let connections = 0
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    const connection = { id: ++connections }
    socket.on('close', () => {
      sockets.delete(socket)
      sessions.disconnected(connection)
    })
    serve(server, socket, connection, log)
  })
  try {
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(options.port ?? 0, '127.0.0.1', resolve)
    })
  } catch (error) {
    await storage.close()
    unlock()
    throw error
  }
  port = (listener.address() as { port: number }).port
  const stopExpiry = runExpiry(store, options.expiryIntervalMs ?? defaultExpiryIntervalMs, log)
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await stopExpiry()
    listener.close()
    sessions.close()
    cursors.close()
    for (const socket of sockets) socket.destroy()
    await storage.close()
    unlock()
  }
  return { uri: `mongodb://127.0.0.1:${port}/?replicaSet=${setName}`, port, close: () => (closing ??= close()) }
}

/** One command after the other, as a connection's replies must come in order. */
function serve(server: Server, socket: Socket, connection: { id: number }, log: (line: string) => void): void {
  const frames = new Frames(maxMessageBytes + 16 * 1024)
  let last = Promise.resolve()
  const drop = (error: unknown): void => {
    log(`embedded MongoDB: connection ${connection.id} closed: ${(error as Error).message}`)
    socket.destroy()
  }
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    try {
      for (const frame of frames.push(chunk)) {
        const message = parseMessage(frame)
        last = last.then(() => answer(server, socket, connection, message)).catch(drop)
      }
    } catch (error) {
      drop(error instanceof ProtocolError ? error : toFailure(error))
    }
  })
}

async function answer(server: Server, socket: Socket, connection: { id: number }, message: Message): Promise<void> {
  if (awaitedHello(message) !== undefined) return streamHello(server, socket, connection, message)
  const reply = await dispatch(server, message.command, connection)
  if (message.wantsReply && socket.writable) socket.write(formatReply(message, reply))
}

/** How long a monitor lets us hold its hello, ms; `undefined` for any other command. */
function awaitedHello({ command }: Message): number | undefined {
  const isHello = ['hello', 'ismaster', 'isMaster'].includes(Object.keys(command)[0] ?? '')
  const ms = Number(command['maxAwaitTimeMS'])
  return isHello && command['topologyVersion'] && ms >= 0 ? Math.max(ms, shortestAwaitMs) : undefined
}

const shortestAwaitMs = 100

/** A driver's monitor listens for changes of the topology; there are none, so it hears from us once per wait. */
async function streamHello(
  server: Server,
  socket: Socket,
  connection: { id: number },
  message: Message,
): Promise<void> {
  let { requestId } = message
  do {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        socket.off('close', closed)
        resolve()
      }, awaitedHello(message))
      const closed = () => {
        clearTimeout(timer)
        resolve()
      }
      socket.once('close', closed)
    })
    if (!socket.writable) return
    const reply = formatReply(
      { requestId, isQuery: false },
      await dispatch(server, message.command, connection),
      !message.exhaustAllowed,
    )
    // Each reply answers the one before it.
    requestId = reply.readInt32LE(4)
    socket.write(reply)
  } while (message.exhaustAllowed)
}
