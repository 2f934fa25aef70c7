// A reader of every stream over WebSocket, as the protocol asks of it: it keeps its cursor, comes back with it, and
// leaves a socket that has gone silent.
import WebSocket from 'ws'
import type { SubscriberRecord } from '../audit/record.ts'
import type { Site } from '../site.ts'
import type { OpenSubscriber } from './subscriber.ts'

export type SocketReaderOptions = {
  name: string
  /** Where it may connect; one after the other. */
  urls: () => string[]
  /** Hangs up without a word after so many frames. Absent: stays as long as it may. */
  framesPerVisit?: () => number
}

/** The relay says its place every 15 s; a socket that is silent for longer leads to a process that hangs. */
const silentMs = 20_000
const returnMs = 100
/** What a reader may hear from a healthy server; anything else is a complaint. */
const passing = ['store.unavailable', 'slow_consumer']

type Frame = {
  op: string
  code?: string
  at?: Record<string, number>
  events?: { stream: string; seq: number; id: string; type: string }[]
}

export function openSocketReader(site: Site, options: SocketReaderOptions): OpenSubscriber {
  const events: SubscriberRecord['events'] = []
  const complaints: string[] = []
  let place: Record<string, number> = {}
  let visits = 0
  let closed = false
  let socket: WebSocket | undefined

  function visit(): void {
    if (closed) return
    const urls = options.urls()
    const current = new WebSocket(urls[visits % urls.length] ?? '', ['wastream.v1', `bearer.${site.token}`], {
      handshakeTimeout: silentMs,
    })
    visits += 1
    socket = current
    let left = options.framesPerVisit?.() ?? Infinity
    let silence: NodeJS.Timeout | undefined
    const leave = () => {
      clearTimeout(silence)
      if (socket !== current) return
      socket = undefined
      current.terminate()
      setTimeout(visit, returnMs)
    }
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(leave, silentMs)
    }
    current.on('open', () => {
      heard()
      current.send(JSON.stringify({ op: 'subscribe', id: 1, streams: ['*'], after: place }))
    })
    current.on('message', (data: Buffer) => {
      if (current !== socket) return
      heard()
      const frame = JSON.parse(data.toString()) as Frame
      if (frame.op === 'error') {
        if (!passing.includes(frame.code ?? '')) complaints.push(`was told ${data.toString()}`)
        return leave()
      }
      for (const { stream, seq, id, type } of frame.events ?? []) events.push({ stream, seq, id, type })
      // `subscribed` says where it began; only what was read since moves the cursor.
      if (frame.op !== 'subscribed') place = { ...place, ...frame.at }
      left -= 1
      if (left <= 0) leave()
    })
    current.on('error', () => undefined) // `close` follows.
    current.on('close', leave)
  }
  visit()
  return {
    missing: (feed) => feed.filter(({ stream, seq }) => seq > (place[stream] ?? 0)).length,
    record: () => ({ name: options.name, repeats: 'never', order: 'in order', events, complaints }),
    visits: () => visits,
    close() {
      closed = true
      socket?.terminate()
    },
  }
}
