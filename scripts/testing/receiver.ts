// A receiver of webhooks on a port of its own: it behaves as it is told, and remembers what came.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = { id: string; headers: IncomingHttpHeaders; body: string; json: any; atMs: number }
export type Behaviour = (received: Received, response: ServerResponse) => void

export type Receiver = {
  url: string
  received: Received[]
  /** Ids in the order they came. */
  ids(): string[]
  /** Default: 200. */
  behave(behaviour: Behaviour): void
  until(fits: (received: Received[]) => boolean, timeoutMs?: number): Promise<void>
  /** Ends every connection, and new ones as they come; the port stays its own. */
  down(): void
  up(): void
  close(): Promise<void>
}

export const answer =
  (status: number, headers: Record<string, string> = {}, body = ''): Behaviour =>
  (_received, response) =>
    void response.writeHead(status, headers).end(body)
/** Takes it and never answers. */
export const hang: Behaviour = () => undefined
export const reset: Behaviour = (_received, response) => void response.socket?.resetAndDestroy()

export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const looks = new Set<() => void>()
  let behaviour: Behaviour = answer(200)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const one: Received = {
        id: String(request.headers['webhook-id']),
        headers: request.headers,
        body,
        json: JSON.parse(body),
        atMs: performance.now(),
      }
      received.push(one)
      behaviour(one, response)
      for (const look of looks) look()
    })
  })
  let isDown = false
  server.on('connection', (socket) => void (isDown && socket.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    ids: () => received.map(({ id }) => id),
    behave: (next) => void (behaviour = next),
    until: (fits, timeoutMs = 120_000) =>
      new Promise((resolve, reject) => {
        const end = (finish: () => void) => {
          clearTimeout(timer)
          looks.delete(look)
          finish()
        }
        const look = () => {
          if (fits(received)) end(resolve)
        }
        const timer = setTimeout(
          () =>
            end(() =>
              reject(
                new Error(
                  `waited ${timeoutMs} ms; ${received.length} came: ${received
                    .map(({ id }) => id)
                    .join(' ')
                    .slice(-500)}`,
                ),
              ),
            ),
          timeoutMs,
        )
        looks.add(look)
        look()
      }),
    down() {
      isDown = true
      server.closeAllConnections()
    },
    up: () => void (isDown = false),
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
