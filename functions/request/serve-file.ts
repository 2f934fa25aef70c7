// A stored file as an answer: whole or a range of it, under a type that no browser runs and a name that deceives nobody.
import type { MediaFile } from '../../shared/model/media.ts'
import { toFileName } from '../../shared/model/file-name.ts'
import { Problem } from '../../shared/model/problem.ts'
import type { MediaStore } from '../../shared/store/media.ts'
import type { AppContext } from '../operation.ts'

/** Shown in the page; everything else is saved. */
const shown = /^(?:image\/(?:jpeg|png|gif|webp|avif|bmp)|(?:audio|video)\/[a-z0-9.+-]+(?:; ?codecs=[a-z0-9.,-]+)?)$/
/** Told as they are, but saved. Not among them: what a browser runs (HTML, SVG, XML, scripts). */
const harmless =
  /^(?:text\/(?:plain|csv)|application\/(?:pdf|zip|gzip|json|msword|rtf|vnd\.(?:openxmlformats|oasis|ms-)[a-z0-9.-]+))$/

/** Throws `media.range`. Answers HEAD, If-None-Match, Range and If-Range. `fileName` goes before the file's own. */
export function serveFile(
  c: AppContext,
  media: Pick<MediaStore, 'open'>,
  file: Pick<MediaFile, '_id' | 'size' | 'sha256' | 'mimetype' | 'fileName'>,
  fileName?: string,
): Response {
  const etag = `"${file.sha256}"`
  const type = shown.test(file.mimetype) || harmless.test(file.mimetype) ? file.mimetype : 'application/octet-stream'
  c.header('ETag', etag)
  c.header('Accept-Ranges', 'bytes')
  c.header('Cache-Control', 'private, no-cache')
  c.header('Content-Security-Policy', "default-src 'none'; sandbox; frame-ancestors 'none'")
  if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304)
  c.header('Content-Type', type)
  c.header('Content-Disposition', toDisposition(shown.test(type), fileName ?? file.fileName))
  const range = rangeOf(c, file.size, etag)
  if (range === 'none') {
    c.header('Content-Range', `bytes */${file.size}`)
    throw new Problem('media.range')
  }
  const { start, end } = range ?? { start: 0, end: file.size }
  if (range) c.header('Content-Range', `bytes ${start}-${end - 1}/${file.size}`)
  c.header('Content-Length', String(end - start))
  const status = range ? 206 : 200
  if (c.req.method === 'HEAD') return c.body(null, status)
  return c.body(toStream(media.open(file._id, { start, end })), status)
}

function matches(asked: string | undefined, etag: string): boolean {
  if (asked === undefined) return false
  return asked.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag)
}

/** One range only; several, or what is none, is as if nothing had been asked (RFC 9110, 14.2). */
function rangeOf(c: AppContext, size: number, etag: string): { start: number; end: number } | 'none' | undefined {
  const asked = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(c.req.header('range')?.trim() ?? '')
  const [, first = '', last = ''] = asked ?? []
  if (!asked || (first === '' && last === '')) return undefined
  const condition = c.req.header('if-range')
  if (condition !== undefined && condition.trim() !== etag) return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'none' : { start: size - length, end: size }
  }
  const start = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? 'none' : { start, end }
}

/** RFC 6266: the plain name for old clients, the whole one for all others. */
function toDisposition(isShown: boolean, given: string | undefined): string {
  const how = isShown ? 'inline' : 'attachment'
  const name = toFileName(given)
  if (name === undefined) return how
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const whole = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${how}; filename="${plain}"; filename*=UTF-8''${whole}`
}

/** Reads only as fast as it is read. */
function toStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const reading = source[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reading.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await reading.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
