// How the process is.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { health } from './health.ts'
import { ready } from './ready.ts'
import { socket } from './socket.ts'
import { readStatistics } from './statistics.ts'

export const opsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/health', health())
    .get('/ready', ready(api))
    .get('/v1/statistics', readStatistics(api))
    .get('/v1/ws', socket())
