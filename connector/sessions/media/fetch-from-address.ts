// A file at an address that a caller named: public addresses only, each redirect vetted anew, within bounds of size and time.
import { toFileName } from '../../../shared/model/file-name.ts'
import type { MediaFile } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { getOutside, type OutsideAnswer } from '../../outside/get-outside.ts'
import { whatFailed, type OutsideFailure } from '../../outside/what-failed.ts'
import { AddressForbidden, type Outside } from '../../outside/open-outside.ts'
import type { RecordContext } from '../record/context.ts'

export type AddressContext = {
  record: RecordContext
  outside: Pick<Outside, 'vet' | 'dispatcher'>
  fileId: string
  maxBytes: number
  signal: AbortSignal
}

const mostRedirects = 5
/** For all of it, redirects included, ms. */
const wholeMs = 300_000
const redirects = new Set([301, 302, 303, 307, 308])

/** Throws `media.url_forbidden`, `media.not_found`, `media.unreachable`, `media.too_large`, `media.empty`. */
export async function fetchFromAddress(
  context: AddressContext,
  media: { url: string; fileName?: string },
): Promise<MediaFile> {
  const { record, fileId, maxBytes } = context
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(wholeMs)])
  try {
    const { answer, url } = await follow(context, media.url, signal)
    const fileName = media.fileName ?? nameIn(url)
    return await record.store.media.write(answer.body, {
      owner: { sessionId: record.sessionId },
      fileId,
      maxBytes,
      mimetype: answer.header('content-type'),
      ...(fileName === undefined ? {} : { fileName }),
    })
  } catch (error) {
    context.signal.throwIfAborted()
    throw toProblem(error)
  }
}

/** What answers in the end; each address on the way is vetted. Throws `media.*` and what `getOutside` throws. */
export async function follow(
  context: Pick<AddressContext, 'outside' | 'maxBytes'>,
  first: string,
  signal: AbortSignal,
) {
  let url = first
  for (let hops = 0; hops <= mostRedirects; hops += 1) {
    context.outside.vet(url)
    const answer = await getOutside(url, { dispatcher: context.outside.dispatcher, signal })
    if (answer.status === 200) return { answer: withinLength(answer, context.maxBytes), url }
    answer.body.destroy()
    if (answer.status === 404 || answer.status === 410)
      throw new Problem('media.not_found', { detail: `The address answers ${answer.status}` })
    const next = answer.header('location')
    if (!redirects.has(answer.status) || next === undefined || !URL.canParse(next, url))
      throw new Problem('media.unreachable', { detail: `The address answers ${answer.status}` })
    const target = new URL(next, url)
    target.hash = ''
    url = target.href
  }
  throw new Problem('media.unreachable', { detail: `The address redirects more than ${mostRedirects} times` })
}

function withinLength(answer: OutsideAnswer, maxBytes: number): OutsideAnswer {
  if (!(Number(answer.header('content-length') ?? 0) > maxBytes)) return answer
  answer.body.destroy()
  throw new Problem('media.too_large', { detail: `A file may have at most ${maxBytes} bytes` })
}

function nameIn(url: string): string | undefined {
  const last = new URL(url).pathname.split('/').at(-1) ?? ''
  try {
    return toFileName(decodeURIComponent(last))
  } catch {
    // No text in percent signs: the name is as it stands.
    return toFileName(last)
  }
}

const sentences: Record<OutsideFailure, string> = {
  address_forbidden: 'The address may not be called',
  dns: 'The name of the address is not known',
  timeout: 'The address did not answer in time',
  tls: 'The certificate of the address cannot be trusted',
  connection: 'The connection to the address failed',
}

function toProblem(error: unknown): unknown {
  if (error instanceof Problem) return error
  const forbidden = error instanceof AddressForbidden ? error : (error as { cause?: unknown } | undefined)?.cause
  if (forbidden instanceof AddressForbidden)
    return new Problem('media.url_forbidden', { detail: forbidden.message, cause: error })
  return new Problem('media.unreachable', { detail: sentences[whatFailed(error)], cause: error })
}
