// Stories, which WhatsApp's protocol calls status.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { listStories } from './list.ts'
import { postStory } from './post.ts'

export const storiesRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .post('/v1/sessions/:sessionId/status', postStory(api))
    .get('/v1/sessions/:sessionId/status', listStories(api))
