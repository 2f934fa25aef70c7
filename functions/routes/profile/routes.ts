// Our own account.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { patchPrivacy, patchProfile } from './patch.ts'
import { removePicture, setPicture } from './picture.ts'
import { readPrivacy, readProfile } from './read.ts'

export const profileRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/sessions/:sessionId/profile', readProfile(api))
    .patch('/v1/sessions/:sessionId/profile', patchProfile(api))
    .put('/v1/sessions/:sessionId/profile/picture', setPicture(api, 'own'))
    .delete('/v1/sessions/:sessionId/profile/picture', removePicture(api, 'own'))
    .put('/v1/sessions/:sessionId/groups/:groupId/picture', setPicture(api, 'group'))
    .delete('/v1/sessions/:sessionId/groups/:groupId/picture', removePicture(api, 'group'))
    .get('/v1/sessions/:sessionId/privacy', readPrivacy(api))
    .patch('/v1/sessions/:sessionId/privacy', patchPrivacy(api))
