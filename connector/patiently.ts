// An owner waits for MongoDB as long as it holds its lease: the same idempotent step again, never a dropped one.
import { LeaseLost } from '../shared/store/auth-log.ts'
import { isUnavailable } from '../shared/store/client.ts'

export type PatienceOptions = {
  signal: AbortSignal
  onRetry?: (error: unknown) => void
  /** Default 50 and 1000 ms. */
  firstMs?: number
  longestMs?: number
}

/** Rejects when `signal` aborts, with LeaseLost, and with any error that waiting does not mend. */
export async function patiently<T>(step: () => Promise<T>, options: PatienceOptions): Promise<T> {
  for (let pauseMs = options.firstMs ?? 50; ; pauseMs = Math.min(pauseMs * 2, options.longestMs ?? 1_000)) {
    options.signal.throwIfAborted()
    try {
      return await step()
    } catch (error) {
      if (error instanceof LeaseLost || !isUnavailable(error)) throw error
      options.onRetry?.(error)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}

/** As `work` ends; rejects as soon as `signal` is over, whatever becomes of it. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined
  const over = new Promise<never>((_, reject) => {
    stop = () => reject(new Error('stopped'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
