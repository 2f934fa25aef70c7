// GET, HEAD /v1/media/{fileId}: the bytes, for a key that may have them or for whoever holds a link that has not expired.
import * as v from 'valibot'
import type { Handler } from 'hono'
import { FileId } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api, AppEnv } from '../../deps.ts'
import { operation, type AppContext } from '../../operation.ts'
import { serveFile } from '../../request/serve-file.ts'
import { findFile } from './find-file.ts'

export const readMedia = (api: Api): Handler<AppEnv> => {
  const guarded = operation(api, { scope: 'messages.read' }, async (c, { actor }) =>
    serveFile(c, api.store.media, await findFile(api, actor, c.req.param('fileId'), 'messages.read')),
  )
  return (c, next) => (c.req.query('signature') === undefined ? guarded(c, next) : readByLink(api, c))
}

async function readByLink(api: Api, c: AppContext): Promise<Response> {
  const fileId = c.req.param('fileId') ?? ''
  const { expires = '', signature = '' } = c.req.query()
  if (!v.is(FileId, fileId) || !/^\d{1,12}$/.test(expires)) throw new Problem('media.link_invalid')
  if (!api.store.links.verify(fileId, Number(expires), signature, api.now())) throw new Problem('media.link_invalid')
  const file = await api.store.media.read(fileId)
  if (!file) throw new Problem('media.not_found')
  // Pages of other origins may show what they were given a link to.
  c.header('Cross-Origin-Resource-Policy', 'cross-origin')
  return serveFile(c, api.store.media, file)
}
