// Where encrypted media lies: WhatsApp's media host. Uploads are checked against the hash that names them; what was
// forgotten is answered with 410 until the phone uploads it again.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Certificates, openCertificates } from './certificates.ts'

export type MediaServer = Awaited<ReturnType<typeof openMediaServer>>

const UPLOAD_PATH = /^\/mms\/(image|video|document|audio|md-app-state)\/([A-Za-z0-9_-]{43})$/
const DOWNLOAD_PATH = /^\/v\/([a-f0-9]{32})$/

/** What is held waits until it is let go. */
const createHold = () => {
  let held: { until: Promise<void>; end(): void } | undefined
  return {
    hold(on: boolean): void {
      held?.end()
      held = undefined
      if (!on) return
      let end: () => void = () => undefined
      const until = new Promise<void>((resolve) => (end = resolve))
      held = { until, end }
    },
    over: (): Promise<void> => held?.until ?? Promise.resolve(),
  }
}

export const openMediaServer = async (sandboxDir: string, host: string) => {
  const dir = join(sandboxDir, 'media')
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const certificates: Certificates = openCertificates(sandboxDir)
  const fileOf = (id: string) => join(dir, id)
  /** What the server has forgotten and the phones still have. */
  const forgottenOf = (id: string) => join(dir, `${id}.forgotten`)
  const counters = { uploads: 0, downloads: 0 }
  const [uploads, downloads] = [createHold(), createHold()]

  const idOf = (directPath: string): string | undefined => DOWNLOAD_PATH.exec(directPath.split('?')[0] ?? '')?.[1]

  const upload = async (request: IncomingMessage, response: ServerResponse, token: string): Promise<void> => {
    const id = randomBytes(16).toString('hex')
    const hash = createHash('sha256')
    const hashing = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk)
        done(null, chunk)
      },
    })
    const draft = join(dir, `${id}.draft`)
    await pipeline(request, hashing, createWriteStream(draft, { mode: 0o600 }))
    await uploads.over()
    if (hash.digest('base64url') !== token) {
      rmSync(draft, { force: true })
      response.writeHead(400, { 'content-type': 'application/json' })
      return void response.end('{"error":"the hash does not fit"}')
    }
    renameSync(draft, fileOf(id))
    counters.uploads += 1
    const directPath = `/v/${id}?ccb=1`
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ url: `https://${place()}${directPath}`, direct_path: directPath }))
  }

  const download = async (response: ServerResponse, id: string): Promise<void> => {
    const found = await stat(fileOf(id)).catch(() => undefined)
    if (!found) {
      const isForgotten = await stat(forgottenOf(id)).catch(() => undefined)
      return void response.writeHead(isForgotten ? 410 : 404).end()
    }
    counters.downloads += 1
    response.writeHead(200, { 'content-length': found.size, 'content-type': 'application/octet-stream' })
    const half = Math.floor(found.size / 2)
    await pipeline(createReadStream(fileOf(id), { end: Math.max(0, half - 1) }), response, { end: false })
    await downloads.over()
    await pipeline(createReadStream(fileOf(id), { start: Math.max(1, half) }), response)
  }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const token = request.method === 'POST' ? UPLOAD_PATH.exec(path)?.[2] : undefined
    const id = request.method === 'GET' ? idOf(path) : undefined
    if (token) return upload(request, response, token)
    if (id) return download(response, id)
    response.writeHead(404).end()
  }

  const server: Server = createServer({ cert: certificates.cert, key: certificates.key }, (request, response) => {
    // Who breaks off in the midst of a file gets nothing more.
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, () => resolve(server.removeListener('error', reject) && undefined))
  })
  const place = () => {
    const { port } = server.address() as AddressInfo
    return `${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  return {
    ca: certificates.ca,
    /** `host:port`, as `media_conn` names it. */
    place: place(),
    url: `https://${place()}`,
    counters,
    /** Encrypted bytes under a new path. */
    async put(bytes: Buffer): Promise<{ directPath: string; url: string }> {
      const id = randomBytes(16).toString('hex')
      await pipeline([bytes], createWriteStream(fileOf(id), { mode: 0o600 }))
      const directPath = `/v/${id}?ccb=1`
      return { directPath, url: `https://${place()}${directPath}` }
    },
    /** The encrypted bytes as the phones have them, also when the server has forgotten them. */
    async open(directPath: string) {
      const id = idOf(directPath)
      if (!id) return undefined
      for (const path of [fileOf(id), forgottenOf(id)])
        if (await stat(path).catch(() => undefined)) return createReadStream(path)
      return undefined
    },
    /** The server loses every file; the phones keep theirs, unless `gone`. */
    forget(gone: boolean): number {
      const names = readdirSync(dir).filter((name) => /^[a-f0-9]{32}(?:\.forgotten)?$/.test(name))
      for (const name of names)
        if (gone) rmSync(join(dir, name))
        else if (!name.endsWith('.forgotten')) renameSync(fileOf(name), forgottenOf(name))
      return names.length
    },
    /** Uploads are answered only once this was switched off again. */
    uploads,
    /** The second half of a file comes only then. */
    downloads,
    async close(): Promise<void> {
      uploads.hold(false)
      downloads.hold(false)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
