// POST /v1/media/{fileId}/link: an address that shows the file to whoever has it, until a time: for browsers.
import * as v from 'valibot'
import type { Api } from '../../deps.ts'
import { operation, type AppContext } from '../../operation.ts'
import { findFile } from './find-file.ts'

const defaultSeconds = 3_600
const longestSeconds = 7 * 86_400

export const MakeLink = v.strictObject({
  /** Default an hour, at most seven days. */
  expiresInSeconds: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(longestSeconds)),
    defaultSeconds,
  ),
})

export const linkMedia = (api: Api) =>
  operation(api, { scope: 'messages.read', body: MakeLink }, async (c, { actor, body }) => {
    const file = await findFile(api, actor, c.req.param('fileId'), 'messages.read')
    return c.json(toLink(api, c, file._id, body.expiresInSeconds), 201)
  })

export function toLink(api: Api, c: AppContext, fileId: string, seconds: number) {
  const expires = Math.floor(api.now() / 1000) + seconds
  const query = new URLSearchParams({ expires: String(expires), signature: api.store.links.sign(fileId, expires) })
  return {
    url: new URL(`/v1/media/${fileId}?${query.toString()}`, c.req.url).href,
    expiresAt: new Date(expires * 1000),
  }
}
