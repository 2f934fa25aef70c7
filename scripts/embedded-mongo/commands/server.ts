// What the server says about itself, and what ends sessions and transactions.
import { Long, ObjectId } from 'bson'
import { Failure } from '../failure.ts'
import { maxDocumentBytes, type Doc } from '../values.ts'
import type { Handler } from './context.ts'

export const setName = 'embedded'
export const maxMessageBytes = 48_000_000
/** MongoDB 7.0: newer wire versions promise commands (`bulkWrite`) that are not here. */
const wireVersion = 21
/** One process, one topology: it never changes while this server lives. */
const topologyVersion = { processId: new ObjectId(), counter: Long.ZERO }
const electionId = new ObjectId('7fffffff0000000000000001')

export const hello: Handler = ({ server, connection, command }) => {
  const me = server.address()
  return {
    helloOk: true,
    ...('hello' in command ? {} : { ismaster: true }),
    isWritablePrimary: true,
    secondary: false,
    hosts: [me],
    setName,
    setVersion: 1,
    primary: me,
    me,
    electionId,
    maxBsonObjectSize: maxDocumentBytes,
    maxMessageSizeBytes: maxMessageBytes,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId: connection.id,
    minWireVersion: 0,
    maxWireVersion: wireVersion,
    readOnly: false,
    topologyVersion,
  }
}

export const ping: Handler = () => ({})

export const buildInfo: Handler = () => ({
  version: '7.0.0',
  versionArray: [7, 0, 0, 0],
  gitVersion: 'embedded',
  modules: ['embedded'],
  bits: 64,
  maxBsonObjectSize: maxDocumentBytes,
  storageEngines: ['lmdb'],
})

export const serverStatus: Handler = ({ server }) => ({
  host: server.address(),
  version: '7.0.0',
  process: 'embedded',
  pid: process.pid,
  uptime: Math.round((performance.now() - server.startedAt) / 1000),
  localTime: new Date(),
})

export const replSetGetStatus: Handler = ({ server }) => ({
  set: setName,
  myState: 1,
  members: [{ _id: 0, name: server.address(), health: 1, state: 1, stateStr: 'PRIMARY', self: true }],
})

export const connectionStatus: Handler = () => ({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } })

export const getParameter: Handler = ({ command }) =>
  'featureCompatibilityVersion' in command ? { featureCompatibilityVersion: { version: '7.0' } } : {}

export const endSessions: Handler = ({ server, command, name }) => {
  for (const lsid of (command[name] as Doc[] | undefined) ?? []) {
    server.sessions.end({ lsid })
    server.cursors.killSession(lsid['id'].toString('hex') as string)
  }
  return {}
}

export const refreshSessions: Handler = () => ({})

export const commitTransaction: Handler = async ({ server, session, command }) => {
  if (!session) throw new Failure('NoSuchTransaction', 'commitTransaction must be run within a transaction')
  await server.sessions.commit(session, command['txnNumber'])
  return {}
}

export const abortTransaction: Handler = ({ server, session }) => {
  if (!session) throw new Failure('NoSuchTransaction', 'abortTransaction must be run within a transaction')
  if (session.state === 'committed') throw new Failure('TransactionCommitted', 'Transaction has been committed.')
  server.sessions.abort(session)
  return {}
}
