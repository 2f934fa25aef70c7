// Connects wait for their turn: a storm of handshakes makes every one of them slow (13 ms of certificate check each).

export type ConnectGate = {
  /** Resolves with the place, to be given back once the socket is open or has failed. Rejects when `signal` aborts. */
  enter(signal: AbortSignal): Promise<() => void>
}

export type ConnectGateOptions = { places: number; jitterMs: number; random?: () => number }

export function createConnectGate({ places, jitterMs, random = Math.random }: ConnectGateOptions): ConnectGate {
  let free = places
  const queue: (() => void)[] = []

  const leave = () => {
    const next = queue.shift()
    if (next) next()
    else free += 1
  }
  return {
    async enter(signal) {
      signal.throwIfAborted()
      const waited = free === 0
      if (free > 0) free -= 1
      else
        await new Promise<void>((resolve, reject) => {
          const abort = () => {
            queue.splice(queue.indexOf(go), 1)
            reject(signal.reason as Error)
          }
          const go = () => {
            signal.removeEventListener('abort', abort)
            resolve()
          }
          queue.push(go)
          signal.addEventListener('abort', abort, { once: true })
        })
      // Only those that had to queue are spread: a single reconnect pays no delay.
      if (waited && jitterMs > 0) await new Promise((resolve) => setTimeout(resolve, random() * jitterMs))
      let given = false
      return () => {
        if (!given) leave()
        given = true
      }
    },
  }
}
