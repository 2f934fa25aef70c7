// The last gate before the socket: a frame leaves when what it rests on is durable, and keeps its place among the others.
// So encrypting and decrypting need not wait for MongoDB one by one, and many of them share a commit.
import type { WebSocket } from 'ws'

export type Wire = {
  /** Frames from now on leave once it has resolved; if it rejects, none of them ever does. */
  holdFor(durable: Promise<void>): void
  /** Resolves when every frame that was sent so far has left, or when it never will. */
  passed(): Promise<void>
}

/** Frames are encrypted in the order in which they are sent (Noise counts them), so that none may overtake another. */
export function gateWire(socket: Pick<WebSocket, 'send'>): Wire {
  const send = socket.send.bind(socket) as (data: Buffer, done?: (error?: Error) => void) => void
  let last: Promise<void> | undefined

  function queue(next: () => Promise<void> | void): void {
    const mine = (last ?? Promise.resolve()).then(next)
    last = mine
    mine.then(
      () => {
        if (last === mine) last = undefined
      },
      // Whoever waits for the commit is told; here nothing goes out any more.
      () => undefined,
    )
  }

  socket.send = ((data: Buffer, done?: (error?: Error) => void) => {
    if (!last) return send(data, done)
    // As with a socket's own buffer: taken is not yet sent. If the connection ends before, it never is.
    queue(() => send(data, () => undefined))
    done?.()
  }) as WebSocket['send']

  return {
    holdFor(durable) {
      // Behind a hold that was refused nobody looks at this one.
      durable.catch(() => undefined)
      queue(() => durable)
    },
    passed: () => (last ?? Promise.resolve()).catch(() => undefined),
  }
}

/** How long the other side may take to answer our goodbye. */
const goodbyeMs = 2_000

/**
 * A side that is gone answers no goodbye: `ws` waits 30 s for it (WebSocket.close), and rc14 tells that the connection has
 * ended only then (Socket/socket.js end), so that nothing would be heard and sent for that much longer.
 */
export function closeWithin(socket: Pick<WebSocket, 'close' | 'terminate'>, ms = goodbyeMs): void {
  const close = socket.close.bind(socket)
  socket.close = (...given) => {
    close(...given)
    setTimeout(() => socket.terminate(), ms).unref()
  }
}

/** rc14 keeps the socket of `ws` in a field of its client and sends nothing past it (Socket/Client/websocket.js). */
export function rawSocketOf(client: unknown): WebSocket {
  const { socket } = client as { socket?: WebSocket | null }
  if (typeof socket?.send !== 'function') throw new Error('this version of Baileys keeps its socket elsewhere')
  return socket
}
