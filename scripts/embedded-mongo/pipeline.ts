// Aggregation stages over documents already fetched. mingo runs them; the ones that compare, group or reach other
// collections are ours, so that they follow BSON and use the indexes.
import { Aggregator } from 'mingo/aggregator'
import { Context, evalExpr } from 'mingo/core'
import { Lazy } from 'mingo/lazy'
import * as stages from 'mingo/operators/pipeline'
import { bindNow, context, optionsFor, type Scope } from './expressions.ts'
import { Failure } from './failure.ts'
import { compileFilter } from './match.ts'
import { orderKey } from './order.ts'
import { compileProjection, setInto } from './project.ts'
import { sortComparator } from './sorting.ts'
import { isDoc, toNumber, type Doc, type Value } from './values.ts'

/** Reads another collection of the same database, as `$lookup` and `$unionWith` do. */
export type ReadCollection = (name: string, pipeline: Doc[], variables: Doc) => Iterable<Doc>

const refused = [
  '$merge',
  '$out',
  '$search',
  '$searchMeta',
  '$vectorSearch',
  '$geoNear',
  '$collStats',
  '$indexStats',
  '$planCacheStats',
  '$currentOp',
  '$listSessions',
  '$listLocalSessions',
  '$changeStreamSplitLargeEvent',
  '$function',
  '$accumulator',
]
const changesOne = ['$addFields', '$set', '$project', '$unset', '$replaceRoot', '$replaceWith']

// mingo's stages are typed by a union no outside stage can satisfy.
// oxlint-disable-next-line typescript/no-explicit-any
type Stage = any

export function runPipeline(input: Iterable<Doc>, pipeline: Doc[], scope: Scope, read?: ReadCollection): Iterator<Doc> {
  checkStages(pipeline)
  const options = {
    ...optionsFor(scope),
    context: stageContext(scope, read),
    collectionResolver: (name: string) => [...reading(read)(name, [], {})],
  }
  return new Aggregator(pipeline.map(bindNow), options).stream(input as Doc[]) as unknown as Iterator<Doc>
}

/** A pipeline given as an update: only stages that keep one document one document. */
export function runOnOne(doc: Doc, pipeline: Doc[], scope: Scope): Doc {
  for (const stage of pipeline)
    if (!changesOne.includes(Object.keys(stage)[0] ?? ''))
      throw new Failure('InvalidOptions', `${Object.keys(stage)[0]} is not allowed to be used within an update`)
  return runPipeline([doc], pipeline, scope).next().value as Doc
}

export function checkStages(pipeline: Value): void {
  if (!Array.isArray(pipeline)) throw new Failure('TypeMismatch', "'pipeline' option must be specified as an array")
  for (const stage of pipeline) {
    const names = isDoc(stage) ? Object.keys(stage) : []
    if (names.length !== 1)
      throw new Failure('StageWithManyNames', 'A pipeline stage specification object must contain exactly one field.')
    const name = names[0]!
    if (refused.includes(name)) throw new Failure('NotImplemented', `${name} is not served by the embedded MongoDB`)
    if (!(name in stages)) throw new Failure('UnrecognizedStage', `Unrecognized pipeline stage name: '${name}'`)
  }
}

function stageContext(scope: Scope, read?: ReadCollection): Context {
  const ours: Record<string, Stage> = {
    $match: (docs: Stage, filter: Doc, options: Value) => {
      const matches = compileFilter(filter, withLocals(scope, options))
      return docs.filter(matches)
    },
    $sort: (docs: Stage, sort: Doc) => whole(docs, (all) => all.toSorted(sortComparator(sort))),
    $project: (docs: Stage, projection: Doc, options: Value) =>
      docs.map(compileProjection(projection, withLocals(scope, options))),
    $addFields: addFields,
    $set: addFields,
    $group: group,
    $limit: (docs: Stage, limit: Value) => Lazy(first(docs as Iterable<Doc>, positiveLimit(limit))),
    $sortByCount: (docs: Stage, expression: Value, options: Value) => {
      const counted = group(docs, { _id: expression, count: { $sum: 1 } }, options)
      return whole(counted, (all) => all.toSorted(sortComparator({ count: -1 })))
    },
    $bucket: bucket,
    $lookup: (docs: Stage, spec: Doc, options: Value) => docs.map((doc: Doc) => lookUp(doc, spec, options, read)),
    $unionWith: (docs: Stage, spec: Value, options: Value) => {
      const name = typeof spec === 'string' ? spec : spec.coll
      const pipeline = typeof spec === 'string' ? [] : (spec.pipeline ?? [])
      return whole(docs, (all) => [...all, ...reading(read)(name, pipeline, options.local?.variables ?? {})])
    },
  }
  return Context.from(Context.init({ pipeline: ours }), context, Context.init({ pipeline: stages }))
}

/** A stage that needs every document before it gives its first. */
function whole(docs: Stage, change: (all: Doc[]) => Doc[]): Stage {
  return docs.transform((all: Doc[]) => Lazy(change(all)))
}

/** mingo's own `$limit` reads its input to the end. */
function* first(docs: Iterable<Doc>, limit: number): Generator<Doc> {
  let left = limit
  for (const doc of docs) {
    yield doc
    if (--left <= 0) return
  }
}

export function positiveLimit(value: Value): number {
  const limit = toNumber(value)
  if (!(limit > 0)) throw new Failure('LimitNotPositive', 'the limit must be positive')
  return limit
}

function reading(read?: ReadCollection): ReadCollection {
  if (!read) throw new Failure('BadValue', 'this stage is not allowed here')
  return read
}

function withLocals(scope: Scope, options: Value): Scope {
  const locals = options.local?.variables as Doc | undefined
  return locals ? { now: scope.now, variables: { ...scope.variables, ...locals } } : scope
}

function addFields(docs: Stage, fields: Doc, options: Value): Stage {
  const paths = Object.entries(fields).map(([path, expression]) => [path.split('.'), expression] as const)
  return docs.map((doc: Doc) => {
    const result = { ...doc }
    for (const [path, expression] of paths) {
      const value = evalExpr(doc, expression, options) as Value
      if (value !== undefined)
        setInto(
          result,
          path,
          isDoc(value) && isDoc(expression) && isDoc(doc[path[0]!]) && isPlain(expression) && path.length === 1
            ? { ...doc[path[0]!], ...value }
            : value,
        )
      else if (path.length === 1) delete result[path[0]!]
    }
    return result
  })
}

const isPlain = (expression: Doc): boolean => !Object.keys(expression).some((key) => key.startsWith('$'))

/** Groups by what BSON holds equal; accumulators are mingo's with the typed ones in front. */
function group(docs: Stage, spec: Doc, options: Value): Stage {
  if (!('_id' in spec)) throw new Failure('GroupWithoutId', 'a group specification must include an _id')
  const { _id: by, ...accumulators } = spec
  return whole(docs, (all) => {
    const groups = new Map<string, { id: Value; docs: Doc[] }>()
    for (const doc of all) {
      const id = (evalExpr(doc, by, options) as Value) ?? null
      const key = orderKey(id).toString('latin1')
      const known = groups.get(key)
      if (known) known.docs.push(doc)
      else groups.set(key, { id, docs: [doc] })
    }
    return [...groups.values()].map((one) => {
      const result: Doc = { _id: one.id }
      for (const [field, accumulator] of Object.entries(accumulators)) {
        const [name, operand] = Object.entries(accumulator as Doc)[0] as [string, Value]
        const operator = name === '$count' ? () => one.docs.length : options.context.getOperator('accumulator', name)
        if (!operator) throw new Failure('UnknownAccumulator', `unknown group operator '${name}'`)
        result[field] = operator(one.docs, operand, options)
      }
      return result
    })
  })
}

/** As `$group`: mingo's own puts a value on a boundary into the bucket below it. */
function bucket(docs: Stage, { groupBy, boundaries, default: other, output }: Doc, options: Value): Stage {
  const branches = (boundaries as Value[]).slice(0, -1).map((from, i) => ({
    case: { $and: [{ $gte: [groupBy, from] }, { $lt: [groupBy, boundaries[i + 1]] }] },
    // oxlint-disable-next-line unicorn/no-thenable -- the operator's own word
    then: { $literal: from },
  }))
  const by = { $switch: { branches, ...(other === undefined ? {} : { default: { $literal: other } }) } }
  const grouped = group(docs, { _id: by, ...(output ?? { count: { $sum: 1 } }) }, options)
  return whole(grouped, (all) => all.toSorted(sortComparator({ _id: 1 })))
}

function lookUp(doc: Doc, spec: Doc, options: Value, read?: ReadCollection): Doc {
  const { from, localField, foreignField, as } = spec
  const pipeline: Doc[] = spec['pipeline'] ?? []
  const variables = spec['let'] ? (evalExpr(doc, spec['let'], options) as Doc) : {}
  const join: Doc[] = []
  if (localField !== undefined) {
    const local = evalExpr(doc, `$${localField}`, options) as Value
    const wanted = Array.isArray(local) ? { $in: local } : { $eq: local ?? null }
    join.push({ $match: { [foreignField]: wanted } })
  }
  const found = [...reading(read)(from, [...join, ...pipeline], { ...options.local?.variables, ...variables })]
  const result = { ...doc }
  setInto(result, (as as string).split('.'), found)
  return result
}
