// POST /v1/api-keys: a key with no more rights than its maker's. It is shown once.
import { CreateApiKey, toApiKeyView } from '../../../shared/model/api-key.ts'
import { isWithin } from '../../../shared/auth/authorize.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const createApiKey = (api: Api) =>
  operation(api, { scope: 'keys.write', body: CreateApiKey }, async (c, { actor, body }) => {
    if (body.expiresAt && body.expiresAt.getTime() <= api.now())
      throw new Problem('request.invalid', { errors: [{ path: 'expiresAt', message: 'must lie in the future' }] })
    if (!isWithin(actor, body))
      throw new Problem('auth.forbidden', { detail: 'A key may not be given more rights than the key that makes it' })
    const maker = await api.store.apiKeys.read(actor.id)
    if (maker?.expiresAt && (!body.expiresAt || body.expiresAt > maker.expiresAt))
      throw new Problem('auth.forbidden', { detail: 'A key may not outlive the key that makes it' })
    const { key, token } = await api.store.apiKeys.create(body, actor.id)
    c.header('Location', `/v1/api-keys/${key._id}`)
    return c.json({ ...toApiKeyView(key), key: token }, 201)
  })
