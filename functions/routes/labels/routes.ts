// Labels.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { patchLabel, removeLabel } from './change.ts'
import { createLabel } from './create.ts'
import { listLabels } from './list.ts'

export const labelsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/sessions/:sessionId/labels', listLabels(api))
    .post('/v1/sessions/:sessionId/labels', createLabel(api))
    .patch('/v1/sessions/:sessionId/labels/:labelId', patchLabel(api))
    .delete('/v1/sessions/:sessionId/labels/:labelId', removeLabel(api))
