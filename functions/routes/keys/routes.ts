// API keys.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { createApiKey } from './create.ts'
import { listApiKeys } from './list.ts'
import { readApiKey } from './read.ts'
import { revokeApiKey } from './revoke.ts'

export const keysRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .post('/v1/api-keys', createApiKey(api))
    .get('/v1/api-keys', listApiKeys(api))
    .get('/v1/api-keys/:keyId', readApiKey(api))
    .delete('/v1/api-keys/:keyId', revokeApiKey(api))
