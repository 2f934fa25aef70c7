// One GET to an address that others named, as a stream. Redirects are not followed: whoever follows one vets it first.
import type { Readable } from 'node:stream'
import { request, type Dispatcher } from 'undici'

export type OutsideAnswer = {
  status: number
  /** The value of a header that was sent once; names in lower case. */
  header(name: string): string | undefined
  /** To be read to its end or destroyed. */
  body: Readable
}

export type WayOut = Dispatcher

/** Until the head is there, and between two pieces of the body, ms. */
const silenceMs = 30_000

/** Rejects with undici's errors, and with the dispatcher's own refusals. */
export async function getOutside(
  url: string,
  options: { dispatcher?: WayOut | undefined; signal: AbortSignal; headers?: Record<string, string> },
): Promise<OutsideAnswer> {
  const { dispatcher, ...more } = options
  const { statusCode, headers, body } = await request(url, {
    ...more,
    ...(dispatcher ? { dispatcher } : {}),
    method: 'GET',
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  })
  // Whoever reads it hears of an error by reading; whoever throws it away must not end the process.
  body.on('error', () => undefined)
  return {
    status: statusCode,
    header: (name) => {
      const value = headers[name]
      return typeof value === 'string' ? value : undefined
    },
    body,
  }
}
