// DELETE /v1/media/{fileId}: the file goes; messages that carried it stay, and what is at WhatsApp as well.
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'
import { findFile } from './find-file.ts'

export const removeMedia = (api: Api) =>
  operation(api, { scope: 'messages.write' }, async (c, { actor }) => {
    const file = await findFile(api, actor, c.req.param('fileId'), 'messages.write')
    await api.store.media.remove(file._id)
    return c.body(null, 204)
  })
