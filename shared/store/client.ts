// The driver, opened the one way we trust: majority writes with a journal, majority reads, a replica set.
import {
  type Document,
  MongoBulkWriteError,
  MongoClient,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb'
import { Problem } from '../model/problem.ts'

export type OpenClientOptions = {
  uri: string
  /** Default 20. In workerd 1. */
  maxPoolSize?: number
  /** How long an operation waits for a server, ms. Default 5000. */
  serverSelectionTimeoutMs?: number
  /** How long a socket may stay silent in an operation, ms. Default 20000: a frozen server is an error, not a hang. */
  socketTimeoutMs?: number
  /** Told every command before it is sent, for measuring and tests. Default none: monitoring costs a little. */
  onCommand?: (command: Document) => void
}

const weaker = /[?&](w=(?!majority)[^&]*|journal=false|readConcernLevel=(?!majority)[^&]*|retryWrites=false)/i

/** Refuses a URI that asks for less than we promise, and a server that has no change streams. */
export async function openClient(options: OpenClientOptions): Promise<MongoClient> {
  const bad = weaker.exec(options.uri)?.[1]
  if (bad) throw new Problem('store.unsupported', { detail: `MONGODB_URI must not set ${bad}: nothing may be lost` })
  const client = new MongoClient(options.uri, {
    appName: 'wastream',
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    retryWrites: true,
    retryReads: true,
    ignoreUndefined: true,
    promoteBuffers: true,
    maxPoolSize: options.maxPoolSize ?? 20,
    serverSelectionTimeoutMS: options.serverSelectionTimeoutMs ?? 5_000,
    connectTimeoutMS: 5_000,
    socketTimeoutMS: options.socketTimeoutMs ?? 20_000,
    monitorCommands: options.onCommand !== undefined,
  })
  const { onCommand } = options
  if (onCommand) client.on('commandStarted', (started) => onCommand(started.command))
  try {
    const hello = await client.db('admin').command({ hello: 1 })
    if (hello['setName'] === undefined && hello['msg'] !== 'isdbgrid')
      throw new Problem('store.unsupported', {
        detail: 'MONGODB_URI points at a standalone server; change streams need a replica set (one node is enough)',
      })
  } catch (error) {
    await client.close()
    throw error
  }
  return client
}

/** A unique index said no. `keyPattern` names the index that did. */
export function isDuplicateKey(
  error: unknown,
): error is MongoServerError & { keyPattern?: Record<string, 1>; index?: number } {
  return error instanceof MongoError && error.code === 11000
}

/** Which document of an ordered insert was refused: everything before it was written, nothing after it. */
export function failedIndex(error: unknown): number {
  const index = (error as { writeErrors?: { index?: number }[] }).writeErrors?.[0]?.index
  return index ?? (error as { index?: number }).index ?? 0
}

const unavailableCodes = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  43, // CursorNotFound
  50, // MaxTimeMSExpired
  89, // NetworkTimeout
  91, // ShutdownInProgress
  175, // QueryPlanKilled
  189, // PrimarySteppedDown
  237, // CursorKilled
  262, // ExceededTimeLimit
  9001, // SocketException
  11600, // InterruptedAtShutdown
  11601, // Interrupted
  11602, // InterruptedDueToReplStateChange
  10107, // NotWritablePrimary
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
])

/** A socket that broke under a command, in Node's own words: the driver does not wrap all of them (7.9, cmap/connection.js). */
const brokenSocketCodes = new Set(['EPIPE', 'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'ETIMEDOUT'])

/** The database is away or its answer is unknown: the same call may be made again, and must be idempotent. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof Error && brokenSocketCodes.has(String((error as NodeJS.ErrnoException).code))) return true
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true
  // A bulk write wraps whatever happened on its way to the server (driver 7.9, bulk/common.js).
  if (error instanceof MongoBulkWriteError && (error.errorResponse as unknown) instanceof Error)
    return isUnavailable(error.errorResponse)
  if (!(error instanceof MongoError)) return false
  if (typeof error.code === 'number' && unavailableCodes.has(error.code)) return true
  if (error.hasErrorLabel('RetryableWriteError') || error.hasErrorLabel('TransientTransactionError')) return true
  return /MongoPoolClosedError|MongoPoolClearedError|MongoTopologyClosedError|MongoNotConnectedError|MongoClientClosedError|MongoOperationTimeoutError|MongoWriteConcernError/.test(
    error.name,
  )
}
