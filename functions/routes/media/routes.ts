// Files: uploaded once, sent often; and what messages brought.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { linkMedia } from './link.ts'
import { linkMessageMedia, readMessageMedia } from './of-message.ts'
import { readMedia } from './read.ts'
import { removeMedia } from './remove.ts'
import { readThumbnail } from './thumbnail.ts'
import { uploadMedia } from './upload.ts'

export const mediaRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .post('/v1/media', uploadMedia(api))
    .get('/v1/media/:fileId', readMedia(api))
    .delete('/v1/media/:fileId', removeMedia(api))
    .get('/v1/media/:fileId/thumbnail', readThumbnail(api))
    .post('/v1/media/:fileId/link', linkMedia(api))
    .get('/v1/sessions/:sessionId/messages/:messageId/media', readMessageMedia(api))
    .post('/v1/sessions/:sessionId/messages/:messageId/media/link', linkMessageMedia(api))
