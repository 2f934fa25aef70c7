// Message counters of a session: added up in memory, written once a second. A crash may cost the last second's count, never a message.

export type Counted = { sent: number; received: number }

export type Counters = {
  add(counted: Partial<Counted>): void
  close(): Promise<void>
}

export function openCounters(write: (counted: Counted) => Promise<void>, everyMs = 1_000): Counters {
  let sum: Counted = { sent: 0, received: 0 }
  let timer: NodeJS.Timeout | undefined
  const flush = async () => {
    const counted = sum
    if (counted.sent + counted.received === 0) return
    sum = { sent: 0, received: 0 }
    try {
      await write(counted)
    } catch (error) {
      sum = { sent: sum.sent + counted.sent, received: sum.received + counted.received }
      throw error
    }
  }
  // At the same moment for all sessions, so that their counts go together. While MongoDB is away the sum grows.
  const flushSoon = () => {
    timer ??= setTimeout(
      () => {
        timer = undefined
        flush().catch(flushSoon)
      },
      everyMs - (performance.now() % everyMs),
    )
  }
  return {
    add({ sent = 0, received = 0 }) {
      sum = { sent: sum.sent + sent, received: sum.received + received }
      flushSoon()
    },
    async close() {
      clearTimeout(timer)
      await flush()
    },
  }
}
