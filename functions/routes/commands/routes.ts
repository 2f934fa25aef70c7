// The outbox, seen from outside.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { cancelCommand } from './cancel.ts'
import { listCommands } from './list.ts'
import { readCommand } from './read.ts'

export const commandsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/commands', listCommands(api))
    .get('/v1/commands/:commandId', readCommand(api))
    .delete('/v1/commands/:commandId', cancelCommand(api))
