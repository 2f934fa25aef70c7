// The way out of one event stream: text as the reader takes it, and a reader that cannot keep up is cut.

export type SseOutlet = {
  body: ReadableStream<Uint8Array>
  /** One frame: its lines, without the empty one that ends it. */
  write(lines: string): void
  /** Resolves when the reader has room for more; rejects when it is gone. */
  room(): Promise<void>
  /** What was written still goes out. */
  end(): void
}

export type SseOutletOptions = {
  /** Bytes waiting from which replay pauses. */
  pauseBytes: number
  /** Bytes waiting from which the reader is cut: it comes back with its last id. */
  closeBytes: number
  /** A reader that takes nothing for so long while somebody waits for room is cut as well, ms. */
  stallMs: number
  closed: () => void
}

export function openSseOutlet({ pauseBytes, closeBytes, stallMs, closed }: SseOutletOptions): SseOutlet {
  const encoder = new TextEncoder()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  let isOpen = true
  let stalled: ReturnType<typeof setInterval> | undefined

  function close(): void {
    if (!isOpen) return
    isOpen = false
    clearInterval(stalled)
    for (const one of waiting.splice(0)) one.reject(new Error('the reader is gone'))
    closed()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given
      },
      pull() {
        clearInterval(stalled)
        stalled = undefined
        const now = waiting
        waiting = []
        for (const one of now) one.resolve()
      },
      cancel: close,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: pauseBytes }),
  )
  const free = () => controller?.desiredSize ?? 0

  function cutOff(): void {
    close()
    // The server cuts the connection and prints this; where it happened tells nobody anything.
    const error = new Error('an event stream was cut: its reader is too slow')
    error.stack = error.message
    controller?.error(error)
  }
  function cutWhenStalled(): void {
    let last = free()
    stalled ??= setInterval(() => {
      if (free() <= last) cutOff()
      last = free()
    }, stallMs)
  }

  return {
    body,
    write(lines) {
      if (!isOpen) return
      if (pauseBytes - free() > closeBytes) return cutOff()
      controller?.enqueue(encoder.encode(`${lines}\n\n`))
    },
    room() {
      if (!isOpen) return Promise.reject(new Error('the reader is gone'))
      if (free() > 0) return Promise.resolve()
      cutWhenStalled()
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    end() {
      if (!isOpen) return
      close()
      controller?.close()
    },
  }
}
