// find, aggregate, count, distinct, getMore, killCursors.
import type { Collection } from '../catalog.ts'
import { openChangeStream } from '../change-streams.ts'
import { defaultFirstBatch, sourceOf } from '../cursors.ts'
import { Failure } from '../failure.ts'
import { compileFilter, leavesOf } from '../match.ts'
import { orderKey } from '../order.ts'
import { checkStages, positiveLimit, runPipeline, type ReadCollection } from '../pipeline.ts'
import { choosePlan, type Plan } from '../plan.ts'
import { compileProjection } from '../project.ts'
import { docOf, scan, type Effort, type Found } from '../scan.ts'
import { encode, isDoc, toNumber, type Doc, type Value } from '../values.ts'
import {
  checkCollation,
  collectionName,
  docField,
  findCollection,
  numberField,
  sessionKey,
  type Context,
  type Handler,
} from './context.ts'

export type Request = { filter: Doc; sort?: Doc | undefined; hint?: Value; skip?: number; limit?: number }

/** A query's documents and the plan behind them. */
export function* search(
  context: Context,
  collection: Collection | undefined,
  request: Request,
  effort?: Effort,
  given?: Plan,
): Generator<Found> {
  const { filter, sort, skip = 0, limit = 0 } = request
  const matches = compileFilter(filter, context.scope)
  const plan = given ?? planFor(collection, request)
  if (!collection) return
  const pieceSize = limit > 0 && limit + skip < 32 ? limit + skip : 32
  let seen = 0
  for (const found of scan({
    store: context.store,
    data: context.data,
    collection,
    plan,
    matches,
    sort,
    deadline: context.deadline,
    pieceSize,
    ...(effort ? { effort } : {}),
  })) {
    seen += 1
    if (seen <= skip) continue
    yield found
    if (limit > 0 && seen >= skip + limit) return
  }
}

export function planFor(
  collection: Collection | undefined,
  { filter, sort, hint, skip = 0, limit = 0 }: Request,
): Plan {
  return choosePlan(collection, { filter, ...(sort ? { sort } : {}), hint, limit: limit > 0 ? limit + skip : 0 })
}

export function requestOf(command: Doc, filterName = 'filter'): Request {
  checkCollation(command)
  const skip = numberField(command, 'skip') ?? 0
  const limit = numberField(command, 'limit') ?? 0
  if (skip < 0) throw new Failure('BadValue', `BSON field 'skip' value must be >= 0, actual value '${skip}'`)
  const sort = docField(command, 'sort')
  const hint = command['hint']
  const hasHint = hint !== undefined && !(isDoc(hint) && Object.keys(hint).length === 0)
  return {
    filter: docField(command, filterName),
    skip,
    limit: Math.abs(limit),
    ...(Object.keys(sort).length > 0 ? { sort } : {}),
    ...(hasHint ? { hint } : {}),
  }
}

export const find: Handler = async (context) => {
  const { command, db, server } = context
  for (const name of ['min', 'max', 'tailable', 'awaitData', 'returnKey', 'showRecordId'])
    if (command[name] !== undefined && command[name] !== false)
      throw new Failure('NotImplemented', `find with ${name} is not served by the embedded MongoDB`)
  if (numberField(command, 'limit')! < 0)
    throw new Failure('BadValue', `BSON field 'limit' value must be >= 0, actual value '${String(command['limit'])}'`)
  const collection = findCollection(context)
  const request = requestOf(command)
  const projection = docField(command, 'projection')
  const project =
    Object.keys(projection).length > 0 ? compileProjection(projection, context.scope, request.filter) : undefined
  const found = search(context, collection, request)
  const documents = project ? mapped(found, (one) => encode(project(docOf(one)))) : mapped(found, (one) => one.bytes)
  const namespace = `${db}.${collectionName(context)}`
  const batchSize = numberField(command, 'batchSize')
  return {
    cursor: await server.cursors.first(
      sourceOf(documents),
      namespace,
      batchSize ?? defaultFirstBatch,
      sessionKey(command),
      command['singleBatch'] === true,
    ),
  }
}

function* mapped<A, B>(items: Iterable<A>, change: (item: A) => B): Generator<B> {
  for (const item of items) yield change(item)
}

export const aggregate: Handler = async (context) => {
  const { command, db, server, store } = context
  checkCollation(command)
  const target = command['aggregate']
  const isCollectionless = typeof target !== 'string'
  const pipeline = command['pipeline'] as Doc[]
  if (!Array.isArray(pipeline)) throw new Failure('TypeMismatch', "'pipeline' option must be specified as an array")
  const cursorOptions = docField(command, 'cursor')
  const batchSize = numberField(cursorOptions, 'batchSize') ?? defaultFirstBatch
  const namespace = `${db}.${isCollectionless ? '$cmd.aggregate' : target}`
  if (pipeline[0] && isDoc(pipeline[0]) && '$changeStream' in pipeline[0]) {
    if (context.session)
      throw new Failure(
        'OperationNotSupportedInTransaction',
        'Stage $changeStream cannot run within a multi-document transaction.',
      )
    const options = pipeline[0]['$changeStream'] as Doc
    const watched = options['allChangesForCluster'] === true ? {} : isCollectionless ? { db } : { db, coll: target }
    const source = openChangeStream(store, watched, options, pipeline.slice(1), context.scope)
    return { cursor: await server.cursors.first(source, namespace, batchSize, sessionKey(command)) }
  }
  if (pipeline.some((stage) => isDoc(stage) && '$changeStream' in stage))
    throw new Failure('BadValue', '$changeStream is only valid as the first stage in a pipeline')
  if (isCollectionless && !(pipeline[0] && '$documents' in pipeline[0]))
    throw new Failure('InvalidNamespace', '{aggregate: 1} is not valid for this pipeline')
  const results = runAggregate(context, isCollectionless ? undefined : target, pipeline, command['hint'])
  return {
    cursor: await server.cursors.first(sourceOf(mapped(results, encode)), namespace, batchSize, sessionKey(command)),
  }
}

/** The stages in front that a plan can serve, and the rest. */
export function splitPipeline(pipeline: Doc[]): { request: Request; rest: Doc[] } {
  const request: Request = { filter: {} }
  const filters: Doc[] = []
  let next = 0
  while (next < pipeline.length && '$match' in pipeline[next]!) filters.push(pipeline[next++]!['$match'] as Doc)
  request.filter = filters.length === 1 ? filters[0]! : filters.length === 0 ? {} : { $and: filters }
  if (next < pipeline.length && '$sort' in pipeline[next]!) request.sort = pipeline[next++]!['$sort'] as Doc
  if (next < pipeline.length && '$skip' in pipeline[next]!) request.skip = toNumber(pipeline[next++]!['$skip'])
  if (next < pipeline.length && '$limit' in pipeline[next]!) request.limit = positiveLimit(pipeline[next++]!['$limit'])
  return { request, rest: pipeline.slice(next) }
}

function runAggregate(context: Context, name: string | undefined, pipeline: Doc[], hint: Value): Iterable<Doc> {
  checkStages(pipeline)
  const { request, rest } = splitPipeline(pipeline)
  const collection = name === undefined ? undefined : context.store.catalog.find(context.db, name)
  const input = mapped(search(context, collection, { ...request, ...(hint === undefined ? {} : { hint }) }), docOf)
  if (rest.length === 0) return input
  const read: ReadCollection = (other, inner, variables) =>
    runAggregate(
      { ...context, scope: { now: context.scope.now, variables: { ...context.scope.variables, ...variables } } },
      other,
      inner,
      undefined,
    )
  const results = runPipeline(name === undefined ? [] : input, rest, context.scope, read)
  return { [Symbol.iterator]: () => results }
}

export const count: Handler = (context) => {
  const collection = findCollection(context)
  const request = requestOf(context.command, 'query')
  if (!collection) return { n: 0 }
  const isAll = Object.keys(request.filter).length === 0 && !context.session && !request.limit && !request.skip
  if (isAll) return { n: collection.count }
  let n = 0
  for (const _found of search(context, collection, request)) n += 1
  return { n }
}

export const distinct: Handler = (context) => {
  const leaves = leavesOf(context.command['key'] as string)
  const values = new Map<string, Value>()
  const take = (value: Value): void => {
    if (value !== undefined) values.set(orderKey(value).toString('latin1'), value)
  }
  for (const found of search(context, findCollection(context), requestOf(context.command, 'query')))
    leaves(docOf(found), (value) => {
      if (Array.isArray(value)) value.forEach(take)
      else take(value)
      return false
    })
  return { values: [...values].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value) }
}

export const getMore: Handler = async ({ server, command, db }) => {
  const namespace = `${db}.${String(command['collection'])}`
  return {
    cursor: await server.cursors.more(
      command['getMore'],
      namespace,
      numberField(command, 'batchSize') ?? 0,
      numberField(command, 'maxTimeMS'),
    ),
  }
}

export const killCursors: Handler = ({ server, command }) => {
  const killed = (command['cursors'] as Value[]).map((id) => [id, server.cursors.kill(id)] as const)
  return {
    cursorsKilled: killed.filter(([, was]) => was).map(([id]) => id),
    cursorsNotFound: killed.filter(([, was]) => !was).map(([id]) => id),
    cursorsAlive: [],
    cursorsUnknown: [],
  }
}
