// A bounded number of places; who finds none waits in line.

export type Slots = {
  /** Resolves with the way to give it back; rejects when `signal` aborts first. */
  take(signal: AbortSignal): Promise<() => void>
}

export function createSlots(count: number): Slots {
  let free = count
  const line = new Set<() => void>()
  const giveBack = () => {
    const [next] = line
    if (!next) return void (free += 1)
    line.delete(next)
    next()
  }
  /** Given back once, however often it is said. */
  const toReturn = () => {
    let isGiven = false
    return () => {
      if (isGiven) return
      isGiven = true
      giveBack()
    }
  }
  return {
    take(signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error)
      if (free > 0) {
        free -= 1
        return Promise.resolve(toReturn())
      }
      return new Promise((resolve, reject) => {
        const enter = () => {
          signal.removeEventListener('abort', leave)
          resolve(toReturn())
        }
        const leave = () => {
          line.delete(enter)
          reject(signal.reason as Error)
        }
        line.add(enter)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
  }
}
