// insert, update, delete, findAndModify: statements run one after the other as the only writer.
import { Timestamp } from 'bson'
import { checkName, type Collection } from '../catalog.ts'
import type { Data } from '../data.ts'
import { Held, type Version } from '../data.ts'
import { Failure, toFailure } from '../failure.ts'
import { isIdentical } from '../order.ts'
import { compileProjection } from '../project.ts'
import { docOf, toVersion, type Found } from '../scan.ts'
import { compileUpdate, upsertSeed, withId } from '../update.ts'
import { copy, decode, encode, isDoc, toNumber, type Doc, type Value } from '../values.ts'
import {
  checkCollation,
  checkId,
  collectionName,
  docField,
  findCollection,
  write,
  type Context,
  type Handler,
} from './context.ts'
import { search, type Request } from './read.ts'
import { createCollection } from './namespaces.ts'

const maxStatements = 100_000

/** Runs statements in order, keeping what is done when the writer has to wait for a transaction in between. */
async function runStatements(
  context: Context,
  statements: Value[],
  run: (statement: Value, index: number, data: Data) => void,
  finish: () => Doc,
): Promise<Doc> {
  if (!Array.isArray(statements) || statements.length === 0 || statements.length > maxStatements)
    throw new Failure(
      'InvalidLength',
      `Write batch sizes must be between 1 and ${maxStatements}. Got ${statements?.length ?? 0} operations.`,
    )
  const isOrdered = context.command['ordered'] !== false
  const writeErrors: Doc[] = []
  let next = 0
  return write(context, (data) => {
    while (next < statements.length) {
      try {
        run(statements[next], next, data)
      } catch (error) {
        if (error instanceof Held || context.session) throw error
        const failure = toFailure(error)
        writeErrors.push({ index: next, code: failure.code, errmsg: failure.message, ...failure.extra })
        if (isOrdered) break
      }
      next += 1
    }
    return { ...finish(), ...(writeErrors.length > 0 ? { writeErrors } : {}) }
  })
}

export const insert: Handler = (context) => {
  checkName(context.db, collectionName(context))
  let n = 0
  return runStatements(
    context,
    context.command['documents'] as Buffer[],
    (bytes: Buffer, _index, data) => {
      insertOne(context, data, findCollection(context) ?? createCollection(context, collectionName(context), {}), bytes)
      n += 1
    },
    () => ({ n }),
  )
}

function insertOne(context: Context, data: Data, collection: Collection, bytes: Buffer): Version {
  const doc = decode(bytes)
  const complete = fillTimestamps(context, withId(doc))
  checkId(complete['_id'])
  const stored: Version = { bytes: complete === doc ? bytes : encode(complete), doc: complete }
  data.put(collection, context.store.catalog.nextNumber(), undefined, stored, 'insert')
  return stored
}

/** An empty Timestamp at the top level becomes the server's time, a different one each time. */
function fillTimestamps(context: Context, doc: Doc): Doc {
  let filled = doc
  for (const [key, value] of Object.entries(doc))
    if (value instanceof Timestamp && value.t === 0 && value.i === 0 && key !== '_id')
      filled = { ...filled, [key]: context.store.history.tick() }
  return filled
}

export const update: Handler = (context) => {
  let [n, nModified] = [0, 0]
  const upserted: Doc[] = []
  return runStatements(
    context,
    context.command['updates'] as Doc[],
    (statement: Doc, index, data) => {
      checkCollation(statement)
      const outcome = updateMatching(context, data, {
        filter: docField(statement, 'q'),
        update: statement['u'],
        isMulti: statement['multi'] === true,
        isUpsert: statement['upsert'] === true,
        arrayFilters: (statement['arrayFilters'] as Doc[] | undefined) ?? [],
        variables: docField(statement, 'c'),
        ...(statement['sort'] ? { sort: statement['sort'] as Doc } : {}),
        hint: statement['hint'],
      })
      n += outcome.matched + (outcome.inserted ? 1 : 0)
      nModified += outcome.modified
      if (outcome.inserted) upserted.push({ index, _id: outcome.inserted.doc['_id'] })
    },
    () => ({ n, nModified, ...(upserted.length > 0 ? { upserted } : {}) }),
  )
}

type UpdateRequest = {
  filter: Doc
  update: Value
  isMulti: boolean
  isUpsert: boolean
  arrayFilters: Doc[]
  variables: Doc
  sort?: Doc
  hint?: Value
}
type UpdateOutcome = { matched: number; modified: number; before?: Version; after?: Version; inserted?: Version }

function updateMatching(outer: Context, data: Data, request: UpdateRequest): UpdateOutcome {
  const { filter, isMulti, isUpsert, sort, hint } = request
  const context = {
    ...outer,
    scope: { now: outer.scope.now, variables: { ...outer.scope.variables, ...request.variables } },
  }
  const isReplacement = isDoc(request.update) && !Object.keys(request.update)[0]?.startsWith('$')
  if (isReplacement && isMulti)
    throw new Failure('FailedToParse', 'multi update is not supported for replacement-style update')
  const change = compileUpdate(request.update, filter, request.arrayFilters, context.scope)
  const collection = findCollection(context)
  const outcome: UpdateOutcome = { matched: 0, modified: 0 }
  const search: Request = { filter, ...(sort ? { sort } : {}), ...(hint === undefined ? {} : { hint }) }
  for (const found of matchesOf(context, collection, search, isMulti)) {
    outcome.matched += 1
    outcome.before = toVersion(found)
    const changed = fillIfReplaced(context, change(copy(outcome.before.doc), false), isReplacement)
    outcome.after = outcome.before
    if (isIdentical(outcome.before.doc, changed)) continue
    outcome.after = { bytes: encode(changed), doc: changed }
    data.put(collection!, found.record, outcome.before, outcome.after, isReplacement ? 'replace' : 'update')
    outcome.modified += 1
  }
  if (outcome.matched > 0 || !isUpsert) return outcome
  const seed = upsertSeed(filter)
  const created = withId(change(isReplacement ? ('_id' in seed ? { _id: seed['_id'] } : {}) : seed, true))
  outcome.inserted = insertOne(
    context,
    data,
    collection ?? createCollection(context, collectionName(context), {}),
    encode(created),
  )
  return outcome
}

function fillIfReplaced(context: Context, doc: Doc, isReplacement: boolean): Doc {
  return isReplacement ? fillTimestamps(context, doc) : doc
}

/** Read to the end before the first change, so that no document is met twice. */
function matchesOf(context: Context, collection: Collection | undefined, request: Request, isMulti: boolean): Found[] {
  return Array.from(search(context, collection, isMulti ? request : { ...request, limit: 1 }))
}

export const remove: Handler = (context) => {
  let n = 0
  return runStatements(
    context,
    context.command['deletes'] as Doc[],
    (statement: Doc, _index, data) => {
      checkCollation(statement)
      const hint = statement['hint']
      const collection = findCollection(context)
      const request: Request = { filter: docField(statement, 'q'), ...(hint === undefined ? {} : { hint }) }
      for (const found of matchesOf(context, collection, request, toNumber(statement['limit'] ?? 0) === 0)) {
        data.put(collection!, found.record, toVersion(found), undefined, 'delete')
        n += 1
      }
    },
    () => ({ n }),
  )
}

export const findAndModify: Handler = (context) => {
  const { command } = context
  checkCollation(command)
  const filter = docField(command, 'query')
  const sort = docField(command, 'sort')
  const fields = docField(command, 'fields')
  const hint = command['hint']
  const project = Object.keys(fields).length > 0 ? compileProjection(fields, context.scope, filter) : undefined
  const shown = (one: Version | undefined): Value => (one ? (project ? project(one.doc) : one.bytes) : null)
  const isRemoval = command['remove'] === true
  if (isRemoval && (command['update'] !== undefined || command['new'] === true))
    throw new Failure('FailedToParse', 'Cannot specify both an update and remove=true')
  if (!isRemoval && command['update'] === undefined)
    throw new Failure('FailedToParse', 'Either an update or remove=true must be specified')
  return write(context, (data) => {
    if (isRemoval) {
      const collection = findCollection(context)
      const request: Request = {
        filter,
        ...(Object.keys(sort).length > 0 ? { sort } : {}),
        ...(hint === undefined ? {} : { hint }),
      }
      const [found] = matchesOf(context, collection, request, false)
      if (!found) return { lastErrorObject: { n: 0 }, value: null }
      const before: Version = { bytes: found.bytes, doc: docOf(found) }
      data.put(collection!, found.record, before, undefined, 'delete')
      return { lastErrorObject: { n: 1 }, value: shown(before) }
    }
    const outcome = updateMatching(context, data, {
      filter,
      update: command['update'],
      isMulti: false,
      isUpsert: command['upsert'] === true,
      arrayFilters: (command['arrayFilters'] as Doc[] | undefined) ?? [],
      variables: {},
      ...(Object.keys(sort).length > 0 ? { sort } : {}),
      hint,
    })
    const { matched, inserted, before, after } = outcome
    const lastErrorObject = {
      n: inserted ? 1 : matched,
      updatedExisting: matched > 0,
      ...(inserted ? { upserted: inserted.doc['_id'] } : {}),
    }
    return { lastErrorObject, value: shown(command['new'] === true ? (inserted ?? after) : before) }
  })
}
