// The way out of one socket: frames of a tick go together, and a reader that cannot keep up is noticed.
import type { WebSocket } from 'ws'
import { closeCodes } from './frames.ts'

export type OutletOptions = {
  socket: WebSocket
  /** Bytes waiting in the socket from which replay pauses. */
  pauseBytes: number
  /** Bytes waiting from which the reader is told `slow_consumer` and closed. */
  closeBytes: number
  /** How long a reader may take nothing at all while replay waits for it, before it is told the same, ms. */
  stallMs: number
}

export type Outlet = {
  /** At once, as a frame of its own, behind what was scheduled before it. */
  send(frame: object): void
  /** Marks that there is something to flush at the end of this tick. */
  schedule(flush: () => Buffer | undefined): void
  room(): Promise<void>
  close(code: number, reason: string): void
}

const lookAgainMs = 25

export function createOutlet({ socket, pauseBytes, closeBytes, stallMs }: OutletOptions): Outlet {
  const flushes = new Set<() => Buffer | undefined>()
  let scheduled = false
  const isOpen = () => socket.readyState === socket.OPEN

  function cutOff(): void {
    socket.send(
      JSON.stringify({ op: 'error', code: 'slow_consumer', detail: 'too far behind: resume from your cursor' }),
    )
    socket.close(closeCodes.slowConsumer, 'slow_consumer')
  }
  function write(text: string | Buffer): void {
    if (!isOpen()) return
    if (socket.bufferedAmount > closeBytes) cutOff()
    else socket.send(text, { binary: false })
  }

  function flushAll(): void {
    const now = [...flushes]
    flushes.clear()
    for (const one of now) {
      const bytes = one()
      if (bytes !== undefined) write(bytes)
    }
  }

  return {
    send(frame) {
      flushAll()
      write(JSON.stringify(frame))
    },
    schedule(flush) {
      flushes.add(flush)
      if (scheduled) return
      scheduled = true
      setImmediate(() => {
        scheduled = false
        flushAll()
      })
    },
    async room() {
      // Replay is paced by the reader, so that it alone never makes one slow.
      let least = socket.bufferedAmount
      let tookAtMs = performance.now()
      while (isOpen() && socket.bufferedAmount > pauseBytes) {
        await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
        if (socket.bufferedAmount < least) {
          least = socket.bufferedAmount
          tookAtMs = performance.now()
        } else if (isOpen() && performance.now() - tookAtMs > stallMs) cutOff()
      }
      if (!isOpen()) throw new Error('the socket is closed')
    },
    close: (code, reason) => socket.close(code, reason),
  }
}
