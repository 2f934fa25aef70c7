// POST /v1/media: a file to be sent, once or often. Raw body or multipart; it goes into the store as it comes.
import * as v from 'valibot'
import { toMediaFileView } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { readUpload } from './read-upload.ts'

const UploadQuery = v.strictObject({ fileName: v.optional(v.pipe(v.string(), v.maxLength(1_000))) })

export const uploadMedia = (api: Api) =>
  operation(api, { scope: 'messages.write', query: UploadQuery }, async (c, { actor, query }) => {
    const maxBytes = api.deps.settings.MEDIA_MAX_MB * 1_048_576
    // A form is a little longer than its file.
    if (Number(c.req.header('content-length') ?? 0) > maxBytes + 10_000)
      throw new Problem('media.too_large', { detail: `A file may have at most ${maxBytes} bytes` })
    const { source, mimetype, fileName } = await readUpload(c, query.fileName)
    const file = await api.store.media.write(source, { owner: { actor: actor.id }, maxBytes, mimetype, fileName })
    c.header('Location', `/v1/media/${file._id}`)
    return c.json(toMediaFileView(file), 201)
  })
