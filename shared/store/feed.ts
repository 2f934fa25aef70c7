// One change stream per process: the bell that says what to look at. It resumes, and says aloud when it lost its place.
import type { ChangeStream, Db, Document, ResumeToken } from 'mongodb'
import type { Signal, StoredEvent } from '../model/event.ts'

/** What the stream watches; keys and logs never travel here. */
const watched = ['events', 'signals', 'commands', 'sessions', 'apiKeys'] as const
type Watched = (typeof watched)[number]

export type FeedChange =
  | { kind: 'event'; event: StoredEvent }
  | { kind: 'signal'; signal: Signal }
  | { kind: 'command'; id: string; sessionId: string | undefined; state: string | undefined }
  /** `wanted` when the wish was written, `removed` when the document went. */
  | { kind: 'session'; id: string; wanted?: string; removed?: true }
  | { kind: 'apiKey'; id: string }
  /** The place is gone (error 286): whatever happened since must be read from the collections. */
  | { kind: 'lost' }

export type FeedOptions = {
  /** Where an earlier feed stood (`place()`). Absent: live from now. */
  after?: ResumeToken
  onError?: (error: unknown) => void
  /** Longest wait before trying again while MongoDB is away, ms. Default 2000. */
  maxRetryMs?: number
}

export type Feed = {
  /** Returns the removal. Listeners run in order of registration, synchronously, one change after another. */
  listen(listener: (change: FeedChange) => void): () => void
  /** A token for `after`, durable knowledge of what was delivered. */
  place(): ResumeToken
  /** Monotonic ms (performance.now) of the last sign of life of the stream, empty batches included. */
  progressAtMs(): number
  close(): Promise<void>
}

const historyLost = 286
const changeStreamFatal = 280

/** Opens the stream and waits until it is live, so that what is written afterwards is seen. */
export async function openFeed(db: Db, options: FeedOptions = {}): Promise<Feed> {
  const listeners = new Set<(change: FeedChange) => void>()
  const stopped = new AbortController()
  let place: ResumeToken = options.after
  let progress = performance.now()
  let current: ChangeStream | undefined

  const tell = (change: FeedChange) => {
    for (const listener of listeners) listener(change)
  }

  const pipeline: Document[] = [
    {
      $match: {
        $or: [
          { 'ns.coll': { $in: ['events', 'signals'] }, operationType: 'insert' },
          { 'ns.coll': { $in: ['commands', 'sessions', 'apiKeys'] } },
        ],
      },
    },
    // Session documents carry pictures, commands carry texts: the bell needs only who and in which state.
    {
      $project: {
        operationType: 1,
        'ns.coll': 1,
        documentKey: 1,
        'fullDocument._id': 1,
        'fullDocument.stream': 1,
        'fullDocument.seq': 1,
        'fullDocument.type': 1,
        'fullDocument.at': 1,
        'fullDocument.data': 1,
        'fullDocument.sessionId': 1,
        'fullDocument.state': 1,
        'fullDocument.wanted': 1,
        'updateDescription.updatedFields.wanted': 1,
        'updateDescription.updatedFields.state': 1,
      },
    },
  ]

  async function openStream(): Promise<ChangeStream> {
    const stream = db.watch(pipeline, {
      maxAwaitTimeMS: 1_000,
      ...(place === undefined ? {} : { resumeAfter: place }),
    })
    stream.on('resumeTokenChanged', (token: ResumeToken) => {
      place = token
      progress = performance.now()
    })
    // tryNext sends the aggregate, so that the stream's beginning is fixed when we return.
    const first = (await stream.tryNext()) as Document | null
    if (first) deliver(first)
    place ??= stream.resumeToken
    progress = performance.now()
    return stream
  }

  function deliver(raw: Document): void {
    const change = toFeedChange(raw)
    if (change) tell(change)
    place = raw['_id'] as ResumeToken
    progress = performance.now()
  }

  async function run(): Promise<void> {
    let retryMs = 50
    while (!stopped.signal.aborted) {
      try {
        current ??= await openStream()
        retryMs = 50
        for (;;) {
          const raw = (await current.next()) as Document
          deliver(raw)
        }
      } catch (error) {
        // A broken stream is closed before the next one is opened; that it cannot be closed cleanly changes nothing.
        await current?.close().catch((closing: unknown) => options.onError?.(closing))
        current = undefined
        if (stopped.signal.aborted) return
        options.onError?.(error)
        const code = (error as { code?: number }).code
        if (code === historyLost || code === changeStreamFatal) {
          place = undefined
          try {
            current = await openStream()
            tell({ kind: 'lost' })
            continue
          } catch (reopening) {
            options.onError?.(reopening)
          }
        }
        await pause(retryMs, stopped.signal)
        retryMs = Math.min(retryMs * 2, options.maxRetryMs ?? 2_000)
      }
    }
  }

  current = await openStream()
  const running = run()

  return {
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    place: () => place,
    progressAtMs: () => progress,
    async close() {
      stopped.abort()
      await current?.close()
      await running
    },
  }
}

function toFeedChange(raw: Document): FeedChange | undefined {
  const collection = raw['ns']?.coll as Watched | undefined
  const document = raw['fullDocument'] as Document | undefined
  const id = String(raw['documentKey']?._id)
  switch (collection) {
    case 'events':
      return document ? { kind: 'event', event: document as StoredEvent } : undefined
    case 'signals':
      return document ? { kind: 'signal', signal: document as unknown as Signal } : undefined
    case 'commands':
      return {
        kind: 'command',
        id,
        sessionId: document?.['sessionId'] as string | undefined,
        state: (document?.['state'] ?? raw['updateDescription']?.updatedFields?.state) as string | undefined,
      }
    case 'sessions': {
      const wanted = (document?.['wanted'] ?? raw['updateDescription']?.updatedFields?.wanted) as string | undefined
      return {
        kind: 'session',
        id,
        ...(wanted === undefined ? {} : { wanted }),
        ...(raw['operationType'] === 'delete' ? { removed: true } : {}),
      }
    }
    case 'apiKeys':
      return { kind: 'apiKey', id }
    case undefined:
      return undefined
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
