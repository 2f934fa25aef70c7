// Change streams: a cursor over the history that waits at its end. It is woken by the commit that brings more.
import { Timestamp } from 'bson'
import type { Batch, Source } from './cursors.ts'
import type { Store } from './data.ts'
import type { Scope } from './expressions.ts'
import { Failure } from './failure.ts'
import { parseToken, placeOf, toEvent, tokenOf, type Entry, type Place } from './history.ts'
import { compileFilter, type Matches } from './match.ts'
import { orderKey } from './order.ts'
import { checkStages, runPipeline } from './pipeline.ts'
import { compileProjection } from './project.ts'
import { keysOf } from './index-keys.ts'
import { decode, encode, isDoc, maxDocumentBytes, type Doc, type Value } from './values.ts'

/** What a stream watches: one collection, one database, or everything. */
export type Watched = { db?: string; coll?: string }

const allowedStages = ['$match', '$project', '$addFields', '$set', '$unset', '$replaceRoot', '$replaceWith', '$redact']
const defaultAwaitMs = 1000
const entriesPerRead = 500
const expandedKinds = ['create', 'createIndexes', 'dropIndexes']
const hiddenDatabases = ['admin', 'config', 'local']

export function openChangeStream(store: Store, watched: Watched, options: Doc, pipeline: Doc[], scope: Scope): Source {
  const known = [
    'fullDocument',
    'fullDocumentBeforeChange',
    'resumeAfter',
    'startAfter',
    'startAtOperationTime',
    'allChangesForCluster',
    'showExpandedEvents',
  ]
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new Failure('UnknownField', `BSON field '$changeStream.${name}' is an unknown field.`)
  if (options['fullDocument'] === 'required' || options['fullDocumentBeforeChange'] === 'required')
    throw new Failure('NotImplemented', 'pre- and post-images are not served by the embedded MongoDB')
  checkStages(pipeline)
  for (const stage of pipeline)
    if (!allowedStages.includes(Object.keys(stage)[0]!))
      throw new Failure('IllegalOperation', `${Object.keys(stage)[0]} is not permitted in a $changeStream pipeline`)
  const shape = compileShape(pipeline, scope)
  const looksUp = options['fullDocument'] === 'updateLookup'
  let place = startOf(store, options)
  store.history.after(place, 1)
  let isInvalidated = false
  let isKilled = false
  let stopWaiting: () => void = () => undefined

  /** Reads on from `place`; stops at a full batch, a full reply or the end of the history. */
  function collect(limit: number): { documents: Buffer[]; isMore: boolean } {
    const documents: Buffer[] = []
    let bytes = 0
    const entries = store.history.after(place, entriesPerRead)
    for (const entry of entries) {
      if (isWatched(entry, watched, options['showExpandedEvents'] === true)) {
        const event = shape(lookedUp(store, entry, looksUp, options))
        if (event) {
          if (documents.length > 0 && bytes + event.length > maxDocumentBytes) return { documents, isMore: true }
          documents.push(event)
          bytes += event.length
        }
        if (invalidates(entry, watched)) {
          place = entry.place
          isInvalidated = true
          documents.push(
            encode({
              _id: tokenOf(place, 'invalidate'),
              operationType: 'invalidate',
              clusterTime: entry.time,
              wallTime: entry.wallTime,
            }),
          )
          return { documents, isMore: false }
        }
      }
      place = entry.place
      if (limit > 0 && documents.length >= limit) return { documents, isMore: true }
    }
    return { documents, isMore: entries.length === entriesPerRead }
  }

  const toBatch = (documents: Buffer[]): Batch => {
    const token = isInvalidated ? tokenOf(place, 'invalidate') : tokenOf(place)
    return { documents, isDone: isInvalidated, extra: { postBatchResumeToken: token } }
  }

  return {
    async next(limit, getMore) {
      const giveUpAt = performance.now() + (getMore ? (getMore.maxTimeMs ?? defaultAwaitMs) : 0)
      for (;;) {
        const { documents, isMore } = collect(limit)
        if (documents.length > 0 || isInvalidated || isKilled) return toBatch(documents)
        const leftMs = giveUpAt - performance.now()
        if (isMore) await new Promise((resolve) => setImmediate(resolve))
        else if (leftMs <= 0) return toBatch([])
        else
          await new Promise<void>((resolve) => {
            const timer = setTimeout(() => stopWaiting(), leftMs)
            const forget = store.history.wait(() => stopWaiting())
            stopWaiting = () => {
              clearTimeout(timer)
              forget()
              resolve()
            }
          })
      }
    },
    empty: () => toBatch([]),
    kill() {
      isKilled = true
      stopWaiting()
    },
  }
}

function startOf(store: Store, options: Doc): Place {
  const starts = ['resumeAfter', 'startAfter', 'startAtOperationTime'].filter((name) => options[name] !== undefined)
  if (starts.length > 1)
    throw new Failure('InvalidOptions', `Only one type of resume option is allowed, but multiple were found.`)
  if (starts[0] === 'startAtOperationTime') {
    const time = options['startAtOperationTime'] as Timestamp
    if (!(time instanceof Timestamp))
      throw new Failure(
        'TypeMismatch',
        "BSON field '$changeStream.startAtOperationTime' is the wrong type, expected type 'timestamp'",
      )
    return time.i > 0
      ? placeOf(time.t, time.i - 1, 0xffffffff)
      : placeOf(Math.max(0, time.t - 1), 0xffffffff, 0xffffffff)
  }
  if (starts.length === 0) return store.history.end
  const { place, kind } = parseToken(options[starts[0]!])
  if (kind === 'invalidate' && starts[0] === 'resumeAfter')
    throw new Failure(
      'InvalidResumeToken',
      "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification.",
    )
  return place
}

function isWatched({ change }: Entry, { db, coll }: Watched, showsExpanded: boolean): boolean {
  if (!showsExpanded && expandedKinds.includes(change.kind)) return false
  if (db === undefined) return !hiddenDatabases.includes(change.db)
  if (db !== change.db) return false
  return coll === undefined || coll === change.coll || (change.kind === 'rename' && change.to?.['coll'] === coll)
}

function invalidates({ change }: Entry, { db, coll }: Watched): boolean {
  if (coll !== undefined) return change.kind === 'drop' || change.kind === 'rename'
  return db !== undefined && change.kind === 'dropDatabase'
}

type EventBytes = { bytes: Buffer; doc?: Doc }

function lookedUp(store: Store, entry: Entry, looksUp: boolean, options: Doc): EventBytes {
  const event = toEvent(entry)
  const wantsBefore = options['fullDocumentBeforeChange'] === 'whenAvailable'
  const isUpdate = entry.change.kind === 'update' && (looksUp || options['fullDocument'] === 'whenAvailable')
  if (!isUpdate && !wantsBefore) return event
  const doc: Doc = { ...decode(event.bytes) }
  if (isUpdate) doc['fullDocument'] = looksUp ? current(store, entry) : null
  if (wantsBefore) doc['fullDocumentBeforeChange'] = null
  return { bytes: encode(doc), doc }
}

function current(store: Store, { change }: Entry): Doc | null {
  const collection = store.catalog.find(change.db, change.coll ?? '')
  const record =
    collection && store.storage.get(store.storage.indexes, keysOf(collection.indexes[0]!, change.documentKey!).keys[0]!)
  const bytes = record && store.direct.read(collection, record.readUIntBE(0, 6))
  return bytes ? decode(bytes) : null
}

/** The pipeline as one step from event to reply: leading filters are compiled once, the rest runs per event. */
function compileShape(pipeline: Doc[], scope: Scope): (event: EventBytes) => Buffer | undefined {
  const filters: Matches[] = []
  let next = 0
  while (next < pipeline.length && '$match' in pipeline[next]!)
    filters.push(compileFilter(pipeline[next++]!['$match'] as Doc, scope))
  const rest = pipeline.slice(next)
  // A pipeline costs far more to set up than to run over one document.
  const steps = rest.map((stage): ((doc: Doc) => Value) =>
    '$project' in stage
      ? compileProjection(stage['$project'] as Doc, scope)
      : (doc) => runPipeline([doc], [stage], scope).next().value,
  )
  return (event) => {
    if (pipeline.length === 0) return event.bytes
    const doc = (event.doc ??= decode(event.bytes))
    if (!filters.every((matches) => matches(doc))) return undefined
    if (rest.length === 0) return event.bytes
    let shaped: Value = doc
    for (const step of steps) if ((shaped = step(shaped as Doc)) === undefined) return undefined
    if (!isDoc(shaped) || shaped['_id'] === undefined || !orderKey(shaped['_id']).equals(orderKey(doc['_id'])))
      throw new Failure(
        'ChangeStreamFatalError',
        'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the _id field of an event makes it impossible to resume the stream from that point.',
        {
          errorLabels: ['NonResumableChangeStreamError'],
        },
      )
    return encode(shaped)
  }
}
