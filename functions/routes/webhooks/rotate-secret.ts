// POST /v1/webhooks/{webhookId}/rotate-secret: a new secret, shown this once; the old one signs as well for a while.
import * as v from 'valibot'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { authorize, operation } from '../../operation.ts'
import { findWebhook } from './find-webhook.ts'

const longestOverlapSeconds = 7 * 86_400

const RotateSecret = v.strictObject({
  /** How long the old secret stays valid. Default a day, 0 = it ends now. */
  overlapSeconds: v.optional(
    v.pipe(
      v.number(),
      v.safeInteger('must be a whole number'),
      v.minValue(0, 'must be at least 0'),
      v.maxValue(longestOverlapSeconds, `must be at most ${longestOverlapSeconds}`),
    ),
    86_400,
  ),
})

export const rotateWebhookSecret = (api: Api) =>
  operation(api, { scope: 'webhooks.write', body: RotateSecret }, async (c, { actor, body }) => {
    authorize(actor, 'events.read')
    const { _id } = await findWebhook(api, c, actor)
    const rotated = await api.store.webhooks.rotateSecret(_id, body.overlapSeconds * 1_000)
    if (!rotated) throw new Problem('webhook.not_found')
    return c.json({ webhookId: _id, ...rotated })
  })
