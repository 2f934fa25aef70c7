// Looks again soon, one look at a time: of two that overlap the later to end could undo, with what it read before, what the
// other found.

export type Refresher = {
  /** Something may have changed: `refresh` runs within `delayMs`, or right after the run under way. */
  soon(): void
  close(): void
}

/** A run that fails is told to `onError` and tried again. */
export function createRefresher(
  refresh: () => Promise<void>,
  { delayMs, onError }: { delayMs: number; onError: (error: unknown) => void },
): Refresher {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isRunning = false
  let isAskedAgain = false
  let isClosed = false

  async function run(): Promise<void> {
    timer = undefined
    isRunning = true
    try {
      await refresh()
    } catch (error) {
      onError(error)
      isAskedAgain = true
    }
    isRunning = false
    if (!isAskedAgain) return
    isAskedAgain = false
    refresher.soon()
  }

  const refresher: Refresher = {
    soon() {
      if (isClosed) return
      if (isRunning) isAskedAgain = true
      else timer ??= setTimeout(() => void run(), delayMs)
    },
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
  return refresher
}
