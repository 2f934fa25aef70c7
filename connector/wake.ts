// A loop sleeps until a named reason wakes it, or until its time.

export type Wake = {
  /** Wakes a sleeper now, or makes the next sleep return at once. */
  ring(reason: string): void
  /** Resolves with the reason, or `time`, or `stopped`. */
  sleep(ms: number, signal: AbortSignal): Promise<string>
}

export function createWake(): Wake {
  let rung: string | undefined
  let sleeper: ((reason: string) => void) | undefined
  return {
    ring(reason) {
      if (sleeper) sleeper(reason)
      else rung = reason
    },
    sleep(ms, signal) {
      if (signal.aborted) return Promise.resolve('stopped')
      if (rung !== undefined) {
        const reason = rung
        rung = undefined
        return Promise.resolve(reason)
      }
      return new Promise((resolve) => {
        const end = (reason: string) => {
          clearTimeout(timer)
          signal.removeEventListener('abort', stop)
          sleeper = undefined
          resolve(reason)
        }
        const stop = () => end('stopped')
        const timer = setTimeout(() => end('time'), ms)
        signal.addEventListener('abort', stop, { once: true })
        sleeper = end
      })
    },
  }
}
