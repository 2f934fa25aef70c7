// Commits in order, one insert at a time: what is enqueued while an insert is under way goes together in the next.
// Waits for MongoDB as long as the lease is held; a commit is refused only by a later owner's fence.
import { LeaseLost, type AuthLogStore } from '../../../shared/store/auth-log.ts'
import { mergeEncoded, packEncoded, type Encoded } from './mutations.ts'

export type CommitLogOptions = {
  store: Pick<AuthLogStore, 'append'>
  sessionId: string
  epoch: number
  /** The number after our fence row. */
  nextN: number
  /** Called once, before any waiting commit is rejected: close the socket here. */
  onLost: () => void
  onRetry?: (error: unknown) => void
  /** First and longest wait between tries while MongoDB is away, ms. Default 25 and 1000. */
  retryMs?: { first: number; longest: number }
  lazyMs?: number
  slowMs?: number
}

export type CommitLog = {
  /** Keeps the order of calls. Resolves when it and everything before it is durable; rejects with LeaseLost. */
  commit(encoded: Encoded): Promise<void>
  /** Goes along with the next commit, or after `lazyMs` (default 250): for what may be lost with a crash. */
  commitLazily(encoded: Encoded): void
  /** Resolves when everything enqueued so far is durable. */
  durable(): Promise<void>
  /** The durability of what was committed last, while that is not reached; what goes along lazily is not waited for. */
  awaited(): Promise<void> | undefined
  /** The insert under way takes longer than `slowMs` (default 500). */
  isSlow(): boolean
  /** Takes what became durable since the last call, to be folded, and the number it reaches. */
  takeFoldable(): { encoded: Encoded; upTo: number }
  /** Puts back what could not be folded. */
  returnFoldable(encoded: Encoded): void
  foldableSize(): number
  readonly lost: boolean
  /** Waits for what is under way; later commits are rejected. */
  close(): Promise<void>
}

type Waiter = { resolve: () => void; reject: (error: unknown) => void }
/** What was committed at once goes into one row, whatever goes along with it. */
type Item = { encoded: Encoded; waiters: Waiter[] }

/** A row is sealed and stored as one document, of which MongoDB takes 16 MB: what waits beyond this goes into the next. */
const maxRowCharacters = 4_000_000

const charactersOf = (encoded: Encoded) => [...encoded.values()].reduce((sum, { json }) => sum + (json?.length ?? 0), 0)

export function openCommitLog(options: CommitLogOptions, unfolded: Encoded = new Map()): CommitLog {
  const { store, sessionId, epoch } = options
  const wait = options.retryMs ?? { first: 25, longest: 1_000 }
  let nextN = options.nextN
  let foldable: Encoded = unfolded
  let pending: Item[] = []
  /** Who waits for the insert that is under way. */
  let flying: Waiter[] | undefined
  let flyingSince = 0
  let running: Promise<void> | undefined
  let failure: Error | undefined
  let lazyTimer: NodeJS.Timeout | undefined
  const start = (): void => {
    running ??= run()
  }

  async function appendForever(body: Uint8Array): Promise<void> {
    const n = nextN
    let pauseMs = wait.first
    for (;;) {
      try {
        // The same key at the same number: after an unknown outcome the row is recognised as ours.
        return await store.append(sessionId, n, epoch, `${epoch}/${n}`, body)
      } catch (error) {
        if (error instanceof LeaseLost) throw error
        options.onRetry?.(error)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
        pauseMs = Math.min(pauseMs * 2, wait.longest)
        if (failure) throw failure
      }
    }
  }

  function takeRow(): { batch: Encoded; waiting: Waiter[] } {
    let end = 0
    let characters = 0
    for (const { encoded } of pending) {
      characters += charactersOf(encoded)
      if (end > 0 && characters > maxRowCharacters) break
      end += 1
    }
    const taken = pending.splice(0, end)
    const batch: Encoded = new Map()
    for (const { encoded } of taken) mergeEncoded(batch, encoded)
    return { batch, waiting: taken.flatMap((item) => item.waiters) }
  }

  async function run(): Promise<void> {
    clearTimeout(lazyTimer)
    lazyTimer = undefined
    // One turn of the event loop, so that the devices of one send share a commit.
    await new Promise((resolve) => setImmediate(resolve))
    while (pending.length > 0 && !failure) {
      const { batch, waiting } = takeRow()
      flying = waiting
      flyingSince = performance.now()
      try {
        await appendForever(packEncoded(batch))
        mergeEncoded(foldable, batch)
        nextN += 1
        flying = undefined
        for (const one of waiting) one.resolve()
      } catch (error) {
        failure ??= error instanceof Error ? error : new Error(String(error))
        options.onLost()
        for (const one of [...waiting, ...pending.flatMap((item) => item.waiters)]) one.reject(failure)
        flying = undefined
        pending = []
      }
    }
    running = undefined
  }

  const log: CommitLog = {
    commit(encoded) {
      if (failure) return Promise.reject(failure)
      if (encoded.size === 0) return log.durable()
      return new Promise((resolve, reject) => {
        pending.push({ encoded, waiters: [{ resolve, reject }] })
        start()
      })
    },
    commitLazily(encoded) {
      if (failure || encoded.size === 0) return
      pending.push({ encoded, waiters: [] })
      if (!running) lazyTimer ??= setTimeout(start, options.lazyMs ?? 250)
    },
    async durable() {
      if (failure) throw failure
      const queue = pending.at(-1)?.waiters ?? flying
      if (pending.length > 0) start()
      if (queue) await new Promise<void>((resolve, reject) => queue.push({ resolve, reject }))
    },
    awaited() {
      if (failure) return Promise.reject(failure)
      const last = pending.findLast((item) => item.waiters.length > 0)?.waiters
      const queue = last ?? (flying?.length ? flying : undefined)
      return queue && new Promise((resolve, reject) => queue.push({ resolve, reject }))
    },
    isSlow: () => flying !== undefined && performance.now() - flyingSince > (options.slowMs ?? 500),
    takeFoldable() {
      const encoded = foldable
      foldable = new Map()
      return { encoded, upTo: nextN - 1 }
    },
    returnFoldable(encoded) {
      mergeEncoded(encoded, foldable)
      foldable = encoded
    },
    foldableSize: () => foldable.size,
    get lost() {
      return failure !== undefined
    },
    async close() {
      clearTimeout(lazyTimer)
      if (pending.length > 0 && !failure) start()
      await running
      failure ??= new LeaseLost(`${sessionId}: closed`)
    },
  }
  return log
}
