// An upload as it comes: the raw body, or the one file of a multipart form. Never in memory as a whole.
import { Busboy } from '@fastify/busboy'
import { toFileName } from '../../../shared/model/file-name.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { AppContext } from '../../operation.ts'

export type UploadGiven = {
  source: AsyncIterable<Uint8Array>
  mimetype?: string | undefined
  fileName?: string | undefined
}

const malformed = (message: string) =>
  new Problem('request.invalid', { detail: message, errors: [{ path: '', message }] })

/** Throws `media.empty` when there is no body, `request.invalid` for a form without a file or with more than one. */
export async function readUpload(c: AppContext, fileName: string | undefined): Promise<UploadGiven> {
  const body = c.req.raw.body as unknown as AsyncIterable<Uint8Array> | null
  if (!body) throw new Problem('media.empty')
  const type = c.req.header('content-type') ?? ''
  if (!/^multipart\/form-data(?:\s*;|$)/i.test(type))
    return { source: unbroken(body), mimetype: type === '' ? undefined : type, fileName: toFileName(fileName) }
  return readForm(body, type, fileName)
}

/** A caller that goes in the midst of it is no fault of ours. */
async function* unbroken(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw new Problem('request.malformed', { detail: 'The upload broke off', cause: error })
  }
}

async function readForm(
  body: AsyncIterable<Uint8Array>,
  type: string,
  given: string | undefined,
): Promise<UploadGiven> {
  const form = openForm(type)
  let failed: unknown
  let endFile: (error: Error) => void = () => undefined
  const first = new Promise<UploadGiven>((resolve, reject) => {
    form.on('file', (_field, stream, fileName, _encoding, mimetype) => {
      // Nobody may be reading it any more when it breaks.
      stream.on('error', (error: unknown) => (failed ??= malformedForm(error)))
      endFile = (error) => stream.destroy(error)
      resolve({ source: stream, mimetype, fileName: toFileName(given ?? fileName) })
    })
    form.on('filesLimit', () => (failed ??= malformed('a form may have one file only')))
    form.on('error', (error: unknown) => {
      failed ??= malformedForm(error)
      reject(failed)
    })
    form.on('finish', () => reject(malformed('a form must have a file')))
  })
  const feeding = feed(unbroken(body), form).catch((error: unknown) => {
    failed ??= error
    endFile(error instanceof Error ? error : new Error('cut off', { cause: error }))
    form.destroy()
  })
  const upload = await first
  return { ...upload, source: whole(upload.source, { form, feeding, fault: () => failed }) }
}

const malformedForm = (cause: unknown) => new Problem('request.malformed', { detail: 'The form cannot be read', cause })

function openForm(type: string) {
  try {
    return new Busboy({
      headers: { 'content-type': type },
      limits: { files: 1, fields: 20, fieldSize: 1_000, parts: 25 },
    })
  } catch (error) {
    throw new Problem('request.malformed', { detail: 'The form has no boundary', cause: error })
  }
}

async function feed(body: AsyncIterable<Uint8Array>, form: Busboy): Promise<void> {
  for await (const chunk of body) {
    if (form.destroyed) return
    if (!form.write(chunk)) await new Promise<void>((resolve) => form.once('drain', resolve).once('close', resolve))
  }
  form.end()
}

/** What comes behind the file is read as well: a form that was cut short, or has a second file, is refused as a whole. */
async function* whole(
  source: AsyncIterable<Uint8Array>,
  { form, feeding, fault }: { form: Busboy; feeding: Promise<void>; fault: () => unknown },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source) {
      if (fault()) throw fault()
      yield chunk
    }
    await feeding
  } catch (error) {
    throw fault() ?? error
  } finally {
    // Whoever stops reading in the midst of it lets go of the rest.
    form.destroy()
  }
  if (fault()) throw fault()
}
