// From a command document to its reply: who answers which command, and what all commands have in common.
import { Binary, Long } from 'bson'
import { Failure, toFailure } from '../failure.ts'
import type { Deadline } from '../scan.ts'
import { isDoc, type Doc } from '../values.ts'
import * as collections from './collections.ts'
import { numberField, type Context, type Handler, type Server } from './context.ts'
import { explain } from './explain.ts'
import * as indexes from './indexes.ts'
import * as read from './read.ts'
import * as about from './server.ts'
import * as change from './write.ts'

const handlers: Record<string, Handler> = {
  hello: about.hello,
  ismaster: about.hello,
  isMaster: about.hello,
  ping: about.ping,
  buildInfo: about.buildInfo,
  buildinfo: about.buildInfo,
  serverStatus: about.serverStatus,
  replSetGetStatus: about.replSetGetStatus,
  connectionStatus: about.connectionStatus,
  getParameter: about.getParameter,
  endSessions: about.endSessions,
  killSessions: about.endSessions,
  refreshSessions: about.refreshSessions,
  commitTransaction: about.commitTransaction,
  abortTransaction: about.abortTransaction,
  find: read.find,
  aggregate: read.aggregate,
  count: read.count,
  distinct: read.distinct,
  getMore: read.getMore,
  killCursors: read.killCursors,
  explain,
  insert: change.insert,
  update: change.update,
  delete: change.remove,
  findAndModify: change.findAndModify,
  findandmodify: change.findAndModify,
  create: collections.create,
  drop: collections.drop,
  dropDatabase: collections.dropDatabase,
  renameCollection: collections.renameCollection,
  createIndexes: indexes.createIndexes,
  dropIndexes: indexes.dropIndexes,
  listIndexes: indexes.listIndexes,
  listCollections: collections.listCollections,
  listDatabases: collections.listDatabases,
  collMod: indexes.collMod,
  collStats: collections.collStats,
  dbStats: collections.dbStats,
}

const inTransactions = new Set([
  'find',
  'aggregate',
  'distinct',
  'getMore',
  'killCursors',
  'insert',
  'update',
  'delete',
  'findAndModify',
  'findandmodify',
  'create',
  'createIndexes',
  'commitTransaction',
  'abortTransaction',
])

/** What the driver gossips about time has to be signed in form only. */
const signature = { hash: new Binary(Buffer.alloc(20)), keyId: Long.ZERO }

export async function dispatch(server: Server, command: Doc, connection: { id: number }): Promise<Doc> {
  let reply: Doc
  try {
    reply = { ...(await run(server, command, connection)), ok: 1 }
  } catch (error) {
    reply = toFailure(error).toReply()
  }
  const time = server.store.history.clusterTime
  return { ...reply, $clusterTime: { clusterTime: time, signature }, operationTime: time }
}

async function run(server: Server, command: Doc, connection: { id: number }): Promise<Doc> {
  const name = Object.keys(command)[0] ?? ''
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined
  if (!handler) throw new Failure('CommandNotFound', `no such command: '${name}'`)
  const db = command['$db'] as unknown
  if (typeof db !== 'string') throw new Failure('InvalidNamespace', 'a command needs $db')
  checkConcerns(command)
  const isTransaction = command['autocommit'] === false
  if (isTransaction && !inTransactions.has(name))
    throw new Failure('OperationNotSupportedInTransaction', `Cannot run '${name}' in a multi-document transaction.`)
  if (command['txnNumber'] !== undefined && !isDoc(command['lsid']))
    throw new Failure('InvalidOptions', 'Transaction number requires a session ID to also be specified')
  const session = isTransaction ? server.sessions.enter(command, connection) : undefined
  if (session?.state === 'committed' && name !== 'commitTransaction' && name !== 'abortTransaction')
    throw new Failure('TransactionCommitted', `Transaction ${String(command['txnNumber'])} has been committed.`)
  const context: Context = {
    server,
    store: server.store,
    db,
    name,
    command,
    connection,
    data: session?.transaction ?? server.store.direct,
    session,
    scope: { now: new Date(), variables: (command['let'] as Doc | undefined) ?? {} },
    deadline: deadlineOf(name, command),
  }
  try {
    return await handler(context)
  } catch (error) {
    // A failed statement ends its transaction, as in MongoDB; only reading on is allowed to fail alone.
    if (session && name !== 'getMore' && name !== 'commitTransaction') server.sessions.abort(session)
    throw error
  }
}

function deadlineOf(name: string, command: Doc): Deadline {
  const maxTimeMs = numberField(command, 'maxTimeMS')
  if (maxTimeMs === undefined || maxTimeMs === 0 || name === 'getMore') return undefined
  if (maxTimeMs < 0) throw new Failure('BadValue', `${maxTimeMs} value for maxTimeMS is out of range [0, 2147483647]`)
  return performance.now() + maxTimeMs
}

const readLevels = ['local', 'majority', 'available', 'linearizable', 'snapshot']

function checkConcerns(command: Doc): void {
  const readConcern = command['readConcern']
  if (isDoc(readConcern)) {
    if (readConcern['level'] !== undefined && !readLevels.includes(readConcern['level']))
      throw new Failure(
        'BadValue',
        `Enumeration value '${String(readConcern['level'])}' for field 'readConcern.level' is not a valid value.`,
      )
    if (readConcern['atClusterTime'] !== undefined)
      throw new Failure('NotImplemented', 'reading at a past cluster time is not served by the embedded MongoDB')
  }
  const writeConcern = command['writeConcern']
  if (isDoc(writeConcern) && typeof writeConcern['w'] === 'number' && writeConcern['w'] > 1)
    throw new Failure('CannotSatisfyWriteConcern', 'Not enough data-bearing nodes')
}
