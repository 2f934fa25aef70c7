// How a query would be, and was, served: which index, in which order, and how much it had to look at.
import type { Collection } from '../catalog.ts'
import { Failure } from '../failure.ts'
import { planFor, requestOf, search, splitPipeline, type Request } from './read.ts'
import type { Plan } from '../plan.ts'
import type { Effort } from '../scan.ts'
import type { Doc } from '../values.ts'
import { docField, findCollection, type Context, type Handler } from './context.ts'

export const explain: Handler = (context) => {
  const inner = docField(context.command, 'explain')
  const name = Object.keys(inner)[0] ?? ''
  const innerContext = { ...context, command: inner, name }
  const collection = findCollection(innerContext)
  let request: Request
  if (name === 'find') request = requestOf(inner)
  else if (name === 'count' || name === 'distinct') request = requestOf(inner, 'query')
  else if (name === 'aggregate')
    request = {
      ...splitPipeline(inner['pipeline'] as Doc[]).request,
      ...(inner['hint'] === undefined ? {} : { hint: inner['hint'] }),
    }
  else if (name === 'update' || name === 'delete') {
    const statement = (inner[`${name}s`] as Doc[])[0]!
    request = {
      filter: docField(statement, 'q'),
      ...(statement['hint'] === undefined ? {} : { hint: statement['hint'] }),
    }
  } else if (name === 'findAndModify') request = requestOf(inner, 'query')
  else throw new Failure('CommandNotFound', `Explain failed due to unknown command: ${name}`)
  return explainPlan(innerContext, collection, request, context.command['verbosity'] !== 'queryPlanner')
}

function explainPlan(context: Context, collection: Collection | undefined, request: Request, runs: boolean): Doc {
  const plan = planFor(collection, request)
  const winningPlan = collection ? stagesOf(plan, request) : { stage: 'EOF' }
  const namespace = `${context.db}.${String(context.command[context.name])}`
  const reply: Doc = {
    explainVersion: '1',
    queryPlanner: { namespace, indexFilterSet: false, parsedQuery: request.filter, winningPlan, rejectedPlans: [] },
  }
  if (runs) {
    const effort: Effort = { keys: 0, documents: 0 }
    const startedAt = performance.now()
    let nReturned = 0
    for (const _found of search(context, collection, request, effort, plan)) nReturned += 1
    reply['executionStats'] = {
      executionSuccess: true,
      nReturned,
      executionTimeMillis: Math.round(performance.now() - startedAt),
      totalKeysExamined: effort.keys,
      totalDocsExamined: effort.documents,
      executionStages: { ...winningPlan, nReturned },
    }
  }
  return { ...reply, command: context.command, serverInfo: { host: context.server.address(), version: 'embedded' } }
}

function stagesOf(plan: Plan, { sort, limit, skip }: Request): Doc {
  let stage: Doc
  if (plan.kind === 'collection') stage = { stage: 'COLLSCAN', direction: plan.reverse ? 'backward' : 'forward' }
  else if (plan.kind === 'index') stage = { stage: 'FETCH', inputStage: mergedStage(plan, sort) }
  else stage = { stage: 'FETCH', inputStage: { stage: 'OR', inputStages: plan.plans.map(indexStage) } }
  if (sort && !plan.isSorted) stage = { stage: 'SORT', sortPattern: sort, inputStage: stage }
  if (skip) stage = { stage: 'SKIP', skipAmount: skip, inputStage: stage }
  if (limit) stage = { stage: 'LIMIT', limitAmount: limit, inputStage: stage }
  return stage
}

/** One stage for all stretches of one index; MongoDB shows a scan for each. */
function mergedStage(plan: Plan & { kind: 'index' }, sort: Doc | undefined): Doc {
  return plan.isMerged ? { stage: 'SORT_MERGE', sortPattern: sort, inputStages: [indexStage(plan)] } : indexStage(plan)
}

function indexStage(plan: Plan & { kind: 'index' }): Doc {
  const { index, reverse } = plan
  return {
    stage: 'IXSCAN',
    keyPattern: index.key,
    indexName: index.name,
    isMultiKey: index.multikey.length > 0,
    isUnique: index.unique,
    isSparse: index.sparse,
    isPartial: index.partial !== undefined,
    direction: reverse ? 'backward' : 'forward',
  }
}
