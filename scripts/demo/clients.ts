// What a user of the service has: an HTTP client with a key, an open socket, and the sandbox's door.
import WebSocket from 'ws'

export type Json = Record<string, any>

export function createHttp(base: string, key?: string) {
  return async (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Json> => {
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Json)
  }
}

export type LiveSocket = {
  events: Json[]
  /** The place as the relay last said it. */
  at: Record<string, number>
  /** Resolves with the first event, seen already or still to come, that fits. */
  until(what: string, fits: (event: Json) => boolean, timeoutMs?: number): Promise<Json>
  close(): void
}

export function openSocket(url: string, subscribe: object): Promise<LiveSocket> {
  const socket = new WebSocket(url)
  const waiting: { fits: (event: Json) => boolean; found: (event: Json) => void }[] = []
  const live: LiveSocket = {
    events: [],
    at: {},
    until(what, fits, timeoutMs = 30_000) {
      const seen = live.events.find(fits)
      if (seen) return Promise.resolve(seen)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`waited ${timeoutMs} ms for: ${what}`)), timeoutMs)
        waiting.push({
          fits,
          found: (event) => {
            clearTimeout(timer)
            resolve(event)
          },
        })
      })
    },
    close: () => socket.close(),
  }
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.on('open', () => socket.send(JSON.stringify({ op: 'subscribe', id: 1, ...subscribe })))
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Json
      if (frame['op'] === 'error') return reject(new Error(`the relay said ${frame['code']}`))
      if (frame['at']) live.at = { ...live.at, ...frame['at'] }
      if (frame['op'] === 'subscribed') resolve(live)
      for (const event of frame['op'] === 'events' ? (frame['events'] as Json[]) : []) {
        live.events.push(event)
        for (const one of waiting.filter(({ fits }) => fits(event))) {
          waiting.splice(waiting.indexOf(one), 1)
          one.found(event)
        }
      }
    })
  })
}
