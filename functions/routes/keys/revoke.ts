// DELETE /v1/api-keys/{keyId}: ends a key, here at once and everywhere within 2 s, its open sockets included.
import { toApiKeyView } from '../../../shared/model/api-key.ts'
import { isWithin } from '../../../shared/auth/authorize.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const revokeApiKey = (api: Api) =>
  operation(api, { scope: 'keys.write' }, async (c, { actor }) => {
    const keyId = c.req.param('keyId') ?? ''
    const key = await api.store.apiKeys.read(keyId)
    if (!key || !isWithin(actor, key)) throw new Problem('key.not_found')
    const revoked = await api.store.apiKeys.revoke(keyId)
    api.auth.forget(keyId)
    return c.json(toApiKeyView(revoked ?? key))
  })
