// GET /v1/media/{fileId}/thumbnail: a small JPEG, once the connector has looked at the file.
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { findFile } from './find-file.ts'

export const readThumbnail = (api: Api) =>
  operation(api, { scope: 'messages.read' }, async (c, { actor }) => {
    const file = await findFile(api, actor, c.req.param('fileId'), 'messages.read')
    const thumbnail = api.store.media.thumbnailOf(file)
    if (!thumbnail) throw new Problem('media.no_thumbnail')
    c.header('Content-Security-Policy', "default-src 'none'; sandbox; frame-ancestors 'none'")
    c.header('Cache-Control', 'private, max-age=3600')
    return c.body(Uint8Array.from(thumbnail), 200, { 'Content-Type': 'image/jpeg' })
  })
