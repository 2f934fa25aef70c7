// One change stream per process: the bell that says what to look at. It resumes, and says aloud when it lost its place.
import type { ChangeStream, Db, Document, ResumeToken } from 'mongodb'
import type { Signal, StoredEvent } from '../model/event.ts'

/** What the stream watches; keys and logs never travel here. */
const watched = ['events', 'signals', 'commands', 'sessions', 'apiKeys', 'webhooks'] as const
type Watched = (typeof watched)[number]

export type FeedChange =
  | { kind: 'event'; event: StoredEvent }
  | { kind: 'signal'; signal: Signal }
  /** `lane` and `sessionId` when it was accepted. */
  | {
      kind: 'command'
      id: string
      sessionId: string | undefined
      lane: string | undefined
      state: string | undefined
    }
  /**
   * `wished` when a wish was made, `wanted` when it is another one, `patched` when its settings may be others, `removed` when
   * the document went.
   */
  | { kind: 'session'; id: string; wished?: true; wanted?: string; patched?: true; removed?: true }
  | { kind: 'apiKey'; id: string }
  /** Something was asked of it, or it went; its worker's own progress is not told. */
  | { kind: 'webhook'; id: string }
  /** The place is gone (error 286): whatever happened since must be read from the collections. */
  | { kind: 'lost' }

export type FeedOptions = {
  /**
   * `everything` (default), or `orders` for who only holds sessions: sessions, API keys and newly accepted commands, without the
   * events it writes itself and the outcomes of commands.
   */
  watch?: 'everything' | 'orders'
  /** Where an earlier feed stood (`place()`). Absent: live from now. */
  after?: ResumeToken
  onError?: (error: unknown) => void
  /** Told at every sign of life of the stream, about one a second. */
  onAlive?: () => void
  /** Longest wait before trying again while MongoDB is away, ms. Default 2000. */
  maxRetryMs?: number
}

export type Feed = {
  /**
   * Returns the removal. Listeners run in order of registration, synchronously, one change after another; one that
   * throws is told to `onError` and keeps nothing from the others. Nothing is read before the first one listens.
   */
  listen(listener: (change: FeedChange) => void): () => void
  /** A token for `after`, durable knowledge of what was delivered. */
  place(): ResumeToken
  /** Monotonic ms (performance.now) of the last sign of life of the stream, empty batches included. */
  progressAtMs(): number
  close(): Promise<void>
}

const matches: Record<NonNullable<FeedOptions['watch']>, Document[]> = {
  everything: [
    { 'ns.coll': { $in: ['events', 'signals'] }, operationType: 'insert' },
    { 'ns.coll': { $in: ['commands', 'sessions', 'apiKeys'] } },
    { 'ns.coll': 'webhooks', operationType: { $in: ['insert', 'delete'] } },
    { 'ns.coll': 'webhooks', 'updateDescription.updatedFields.revision': { $exists: true } },
  ],
  orders: [{ 'ns.coll': 'commands', operationType: 'insert' }, { 'ns.coll': { $in: ['sessions', 'apiKeys'] } }],
}

/** No stream can go on from the place: its history is gone, it is no place here, the database was dropped there. */
const placeGone = new Set<unknown>([286, 280, 260])

/**
 * Opens the stream and waits until it is live, so that what is written afterwards is seen. A place in `after` that is
 * gone is no failure: the first listener is told `lost`.
 */
export async function openFeed(db: Db, options: FeedOptions = {}): Promise<Feed> {
  const listeners = new Set<(change: FeedChange) => void>()
  const stopped = new AbortController()
  let place: ResumeToken = options.after
  let progress = performance.now()
  let current: ChangeStream | undefined

  let startReading = () => {}
  const firstListener = new Promise<void>((resolve) => (startReading = resolve))
  let isLost = false

  const isAlive = () => {
    progress = performance.now()
    options.onAlive?.()
  }

  const tell = (change: FeedChange) => {
    for (const listener of listeners)
      try {
        listener(change)
      } catch (error) {
        options.onError?.(error)
      }
  }

  const pipeline: Document[] = [
    { $match: { $or: matches[options.watch ?? 'everything'] } },
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
        'fullDocument.lane': 1,
        'fullDocument.wanted': 1,
        'updateDescription.updatedFields.wanted': 1,
        'updateDescription.updatedFields.wantedRevision': 1,
        'updateDescription.updatedFields.settingsRevision': 1,
        'updateDescription.updatedFields.state': 1,
      },
    },
  ]

  /** A change that came with the opening, not told yet. */
  let held: Document | null = null

  async function openStream(): Promise<ChangeStream> {
    const stream = db.watch(pipeline, {
      maxAwaitTimeMS: 1_000,
      ...(place === undefined ? {} : { resumeAfter: place }),
    })
    try {
      // tryNext sends the aggregate, so that the stream's beginning is fixed when we return.
      held = await stream.tryNext()
    } catch (error) {
      // What cannot be closed cleanly was not open.
      await stream.close().catch((closing: unknown) => options.onError?.(closing))
      if (place === undefined || !placeGone.has((error as { code?: unknown }).code)) throw error
      place = undefined
      isLost = true
      return openStream()
    }
    if (!held) place = stream.resumeToken
    stream.on('resumeTokenChanged', (token: ResumeToken) => {
      place = token
      isAlive()
    })
    isAlive()
    return stream
  }

  function deliver(raw: Document): void {
    const change = toFeedChange(raw)
    if (change) tell(change)
    place = raw['_id'] as ResumeToken
    isAlive()
  }

  async function run(): Promise<void> {
    await firstListener
    let retryMs = 50
    while (!stopped.signal.aborted) {
      try {
        current ??= await openStream()
        if (isLost) tell({ kind: 'lost' })
        isLost = false
        if (held) deliver(held)
        held = null
        for (;;) {
          deliver(await current.next())
          retryMs = 50
        }
      } catch (error) {
        // A broken stream is closed before the next one is opened; that it cannot be closed cleanly changes nothing.
        await current?.close().catch((closing: unknown) => options.onError?.(closing))
        current = undefined
        if (stopped.signal.aborted) return
        options.onError?.(error)
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
      startReading()
      return () => void listeners.delete(listener)
    },
    place: () => place,
    progressAtMs: () => progress,
    async close() {
      stopped.abort()
      startReading()
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
        lane: document?.['lane'] as string | undefined,
        state: (document?.['state'] ?? raw['updateDescription']?.updatedFields?.state) as string | undefined,
      }
    case 'sessions': {
      const isWish = document !== undefined || raw['updateDescription']?.updatedFields?.wantedRevision !== undefined
      const wanted = (document?.['wanted'] ?? raw['updateDescription']?.updatedFields?.wanted) as string | undefined
      return {
        kind: 'session',
        id,
        // The same wish again leaves `wanted` as it was, and only its revision changes.
        ...(isWish ? { wished: true as const } : {}),
        ...(wanted === undefined ? {} : { wanted }),
        ...(raw['updateDescription']?.updatedFields?.settingsRevision === undefined ? {} : { patched: true as const }),
        ...(raw['operationType'] === 'delete' ? { removed: true } : {}),
      }
    }
    case 'apiKeys':
      return { kind: 'apiKey', id }
    case 'webhooks':
      return { kind: 'webhook', id }
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
