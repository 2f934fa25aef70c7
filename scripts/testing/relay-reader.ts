// A reader of one stream over the relay's socket, as a client would be: it keeps its cursor and comes back with it.
import WebSocket from 'ws'

const longestWaitMs = 120_000

export type Reader = {
  /** Numbers of everything that arrived, in the order it did. */
  seqs(): number[]
  /** How many sockets it has opened so far. */
  opened(): number
  /** Resolves when this number has arrived; rejects after two minutes. */
  until(seq: number): Promise<void>
  close(): void
}

/** `reconnectEvery`: goes away in the middle after so many events, without a word. Absent: stays as long as it may. */
export function openReader(url: string, token: string, stream: string, reconnectEvery?: number): Reader {
  const seqs: number[] = []
  const looks = new Set<() => void>()
  let place = 0
  let opened = 0
  let closed = false
  let socket: WebSocket | undefined

  function open(): void {
    if (closed) return
    opened += 1
    let seen = 0
    const current = new WebSocket(url, ['wastream.v1', `bearer.${token}`])
    socket = current
    current.on('open', () =>
      current.send(JSON.stringify({ op: 'subscribe', streams: [stream], after: { [stream]: place } })),
    )
    current.on('message', (data: Buffer) => {
      if (current !== socket) return
      const frame = JSON.parse(data.toString()) as {
        op: string
        events?: { seq: number }[]
        at?: Record<string, number>
      }
      if (frame.op === 'error') {
        current.terminate()
        return
      }
      if (frame.op !== 'events' && frame.op !== 'at') return
      for (const { seq } of frame.events ?? []) seqs.push(seq)
      seen += frame.events?.length ?? 0
      place = frame.at?.[stream] ?? place
      for (const look of looks) look()
      if (reconnectEvery !== undefined && seen >= reconnectEvery) {
        socket = undefined
        current.terminate()
      }
    })
    current.on('error', () => undefined)
    current.on('close', () => setImmediate(open))
  }
  open()
  return {
    seqs: () => [...seqs],
    opened: () => opened,
    until: (seq) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          looks.delete(look)
          reject(new Error(`waited for ${stream}:${seq}; ${opened} sockets brought ${seqs.slice(-20).join(' ')}`))
        }, longestWaitMs)
        const look = () => {
          if (!seqs.includes(seq)) return
          clearTimeout(late)
          looks.delete(look)
          resolve()
        }
        looks.add(look)
        look()
      }),
    close() {
      closed = true
      socket?.terminate()
    },
  }
}
