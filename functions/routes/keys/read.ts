// GET /v1/api-keys/{keyId}: one key, never its secret.
import { toApiKeyView } from '../../../shared/model/api-key.ts'
import { isWithin } from '../../../shared/auth/authorize.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const readApiKey = (api: Api) =>
  operation(api, { scope: 'keys.read' }, async (c, { actor }) => {
    const key = await api.store.apiKeys.read(c.req.param('keyId') ?? '')
    if (!key || !isWithin(actor, key)) throw new Problem('key.not_found')
    return c.json(toApiKeyView(key))
  })
