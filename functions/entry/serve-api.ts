// The API on Node's own HTTP server. The server is given back, so that a relay can answer its upgrades on the same port.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { createApp } from '../app.ts'
import type { AppDeps } from '../deps.ts'
import { toSocketUrl } from './socket-url.ts'

export type ServeApiOptions = Omit<AppDeps, 'relayUrl'> & {
  host: string
  /** 0 = any free port. */
  port: number
  /** The address clients use. Default `http://host:port`. */
  publicUrl?: string | undefined
  /** The relay's address for browsers. Default: the API's own address, `ws(s)://…/v1/ws`. */
  relayUrl?: string | undefined
}

export type ServedApi = {
  /** Listening. Add an `upgrade` listener to it for the socket. */
  server: Server
  /** `http://host:port` as it listens. */
  url: string
  /** Where browsers open the socket. */
  relayUrl: string
  /** Stops taking requests, ends waits, lets what is in hand finish for `graceMs`, then cuts. */
  close(graceMs?: number): Promise<void>
}

/** Rejects when the port is taken. Store and feed stay the caller's: close them after this. */
export async function serveApi(options: ServeApiOptions): Promise<ServedApi> {
  let relayUrl = ''
  const { app, close } = createApp({ ...options, relayUrl: () => relayUrl })
  const server = createAdaptorServer({ fetch: app.fetch, hostname: options.host }) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  const url = `http://${host}:${port}`
  relayUrl = toSocketUrl(options.relayUrl ?? options.publicUrl ?? url)

  return {
    server,
    url,
    relayUrl,
    async close(graceMs = 10_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      close()
      server.closeIdleConnections()
      const cut = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearTimeout(cut)
    },
  }
}
