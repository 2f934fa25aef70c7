// Open cursors: what is left of a result between two commands.
import { Long } from 'bson'
import { randomBytes } from 'node:crypto'
import { Failure } from './failure.ts'
import { assemble, maxDocumentBytes, type Doc } from './values.ts'

export type Batch = { documents: Buffer[]; isDone: boolean; extra?: Doc }

/** Gives the next batch; a tailing source may wait for it. */
export type Source = {
  next(limit: number, getMore?: { maxTimeMs: number | undefined }): Batch | Promise<Batch>
  empty?(): Batch
  kill?(): void
}

export type Cursor = {
  id: Long
  namespace: string
  source: Source
  session: string | undefined
  timer: NodeJS.Timeout | undefined
  isBusy: boolean
}

const idleTimeoutMs = 10 * 60 * 1000
export const defaultFirstBatch = 101

export class Cursors {
  readonly #open = new Map<string, Cursor>()

  async first(
    source: Source,
    namespace: string,
    batchSize: number,
    session: string | undefined,
    isSingleBatch = false,
  ): Promise<Buffer> {
    const batch =
      batchSize === 0 ? (source.empty?.() ?? { documents: [], isDone: false }) : await source.next(batchSize)
    const id = batch.isDone || isSingleBatch ? Long.ZERO : this.#register(source, namespace, session)
    return reply('firstBatch', batch, id, namespace)
  }

  #register(source: Source, namespace: string, session: string | undefined): Long {
    const id = Long.fromBigInt(BigInt.asIntN(64, randomBytes(8).readBigUInt64LE(0) >> 1n) | 1n)
    const cursor: Cursor = { id, namespace, source, session, timer: undefined, isBusy: false }
    this.#open.set(id.toString(), cursor)
    this.#touch(cursor)
    return id
  }

  #touch(cursor: Cursor): void {
    clearTimeout(cursor.timer)
    cursor.timer = setTimeout(() => this.kill(cursor.id), idleTimeoutMs).unref()
  }

  async more(id: Long, namespace: string, batchSize: number, maxTimeMs: number | undefined): Promise<Buffer> {
    const cursor = this.#open.get(id.toString())
    if (!cursor) throw notFound(id)
    if (cursor.namespace !== namespace)
      throw new Failure(
        'Unauthorized',
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`,
      )
    clearTimeout(cursor.timer)
    let batch: Batch
    try {
      batch = await cursor.source.next(batchSize, { maxTimeMs })
    } catch (error) {
      this.kill(id)
      throw error
    }
    if (!this.#open.has(id.toString()))
      throw new Failure('CursorKilled', 'operation was interrupted because its cursor was killed')
    if (batch.isDone) this.kill(id)
    else this.#touch(cursor)
    return reply('nextBatch', batch, batch.isDone ? Long.ZERO : id, namespace)
  }

  kill(id: Long): boolean {
    const cursor = this.#open.get(id.toString())
    if (!cursor) return false
    clearTimeout(cursor.timer)
    this.#open.delete(id.toString())
    cursor.source.kill?.()
    return true
  }

  killSession(session: string): void {
    for (const cursor of this.#open.values()) if (cursor.session === session) this.kill(cursor.id)
  }

  killNamespace(namespace: string): void {
    for (const cursor of this.#open.values())
      if (cursor.namespace === namespace && !cursor.source.kill) this.kill(cursor.id)
  }

  close(): void {
    for (const cursor of this.#open.values()) this.kill(cursor.id)
  }
}

function notFound(id: Long): Failure {
  return new Failure('CursorNotFound', `cursor id ${id.toString()} not found`)
}

function reply(name: 'firstBatch' | 'nextBatch', batch: Batch, id: Long, ns: string): Buffer {
  return assemble([[name, batch.documents], ...Object.entries({ ...batch.extra, id, ns })])
}

/** A source over documents that are there or can be computed: as many as fit one reply. */
export function sourceOf(documents: Iterator<Buffer>): Source {
  let held: IteratorResult<Buffer> | undefined
  return {
    next(limit) {
      const batch: Buffer[] = []
      let bytes = 0
      for (;;) {
        if (limit > 0 && batch.length >= limit) break
        const step = held ?? documents.next()
        held = undefined
        if (step.done) return { documents: batch, isDone: true }
        if (batch.length > 0 && bytes + step.value.length > maxDocumentBytes) {
          held = step
          return { documents: batch, isDone: false }
        }
        bytes += step.value.length
        batch.push(step.value)
      }
      return { documents: batch, isDone: false }
    },
  }
}
