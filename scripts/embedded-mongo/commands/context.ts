// What every command handler gets, and the checks they share.
import { BSONRegExp } from 'bson'
import type { Collection } from '../catalog.ts'
import type { Cursors } from '../cursors.ts'
import { Held, type Data, type Store } from '../data.ts'
import type { Scope } from '../expressions.ts'
import { Failure } from '../failure.ts'
import { checkDeadline, type Deadline } from '../scan.ts'
import type { Session, Sessions } from '../transactions.ts'
import { decode, encode, isDoc, toNumber, type Doc, type Value } from '../values.ts'

export type Server = { store: Store; cursors: Cursors; sessions: Sessions; address: () => string; startedAt: number }

export type Context = {
  server: Server
  store: Store
  db: string
  name: string
  command: Doc
  connection: { id: number }
  /** The transaction this command is part of, otherwise the store itself. */
  data: Data
  session: Session | undefined
  scope: Scope
  deadline: Deadline
}

export type Handler = (context: Context) => Doc | Promise<Doc>

export function collectionName(context: Context): string {
  const name = context.command[context.name] as unknown
  if (typeof name !== 'string' || name === '')
    throw new Failure('InvalidNamespace', `collection name has invalid type ${typeof name}`)
  return name
}

export function findCollection(context: Context): Collection | undefined {
  return context.store.catalog.find(context.db, collectionName(context))
}

export function docField(command: Doc, name: string): Doc {
  const value = command[name]
  if (value === undefined || value === null) return {}
  if (!isDoc(value)) throw new Failure('TypeMismatch', `Expected field ${name} to be of type object`)
  return value
}

export function numberField(command: Doc, name: string): number | undefined {
  const value = command[name]
  if (value === undefined || value === null) return undefined
  const number = toNumber(value)
  if (Number.isNaN(number))
    throw new Failure('TypeMismatch', `BSON field '${name}' is the wrong type, expected a number`)
  return number
}

/** Nothing here compares text otherwise than by bytes. */
export function checkCollation(options: Doc): void {
  const collation = options['collation']
  if (isDoc(collation) && Object.keys(collation).length > 0 && collation['locale'] !== 'simple')
    throw new Failure('NotImplemented', 'collation other than simple is not served by the embedded MongoDB')
}

export function sessionKey(command: Doc): string | undefined {
  return (command['lsid'] as Doc | undefined)?.['id'].toString('hex') as string | undefined
}

/**
 * Runs a job as the writer, again when it meets a document that an open transaction holds. A write with a txnNumber that
 * was done before gets the reply it had then, also after a restart.
 */
export async function write(context: Context, job: (data: Data) => Doc): Promise<Doc> {
  const { store, command, session, deadline } = context
  const isRetryable = command['txnNumber'] !== undefined && !session
  for (;;) {
    try {
      return await store.storage.write(() => {
        checkDeadline(deadline)
        const done = isRetryable ? recall(context) : undefined
        if (done) return done
        const reply = job(context.data)
        if (isRetryable) remember(context, reply)
        return reply
      })
    } catch (error) {
      if (!(error instanceof Held)) throw error
      await waitFor(error.ended, deadline)
    }
  }
}

async function waitFor(ended: Promise<void>, deadline: Deadline): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late =
    deadline === undefined
      ? []
      : [new Promise<void>((resolve) => (timer = setTimeout(resolve, deadline - performance.now())))]
  await Promise.race([ended, ...late])
  clearTimeout(timer)
  checkDeadline(deadline)
}

const retryKey = (command: Doc): Buffer => Buffer.from((command['lsid'] as Doc)['id'].value())

function recall({ store, command }: Context): Doc | undefined {
  const known = store.storage.retries.get(retryKey(command))
  if (!known) return undefined
  const { txnNumber, reply } = decode(known)
  const [before, now] = [BigInt(txnNumber.toString()), BigInt(command['txnNumber'].toString())]
  if (before > now)
    throw new Failure(
      'TransactionTooOld',
      `Retryable write with txnNumber ${now} is prohibited on session because a newer retryable write with txnNumber ${before} has already started on this session.`,
    )
  return before === now ? (reply as Doc) : undefined
}

function remember({ store, command, scope }: Context, reply: Doc): void {
  const shown = Object.fromEntries(
    Object.entries(reply).map(([key, value]) => [key, Buffer.isBuffer(value) ? decode(value) : value]),
  )
  store.storage.put(
    store.storage.retries,
    retryKey(command),
    encode({ txnNumber: command['txnNumber'], at: scope.now, reply: shown }),
  )
}

export function checkId(id: Value): void {
  if (Array.isArray(id) || id === undefined || id instanceof BSONRegExp)
    throw new Failure(
      'BadValue',
      `The '_id' value cannot be of type ${Array.isArray(id) ? 'array' : id === undefined ? 'undefined' : 'regex'}`,
    )
}
