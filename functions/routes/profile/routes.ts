// Our own account.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { patchPrivacy, patchProfile } from './patch.ts'
import { readPrivacy, readProfile } from './read.ts'

export const profileRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/sessions/:sessionId/profile', readProfile(api))
    .patch('/v1/sessions/:sessionId/profile', patchProfile(api))
    .get('/v1/sessions/:sessionId/privacy', readPrivacy(api))
    .patch('/v1/sessions/:sessionId/privacy', patchPrivacy(api))
