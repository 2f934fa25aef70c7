// Connector processes.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { listConnectors } from './list.ts'
import { readConnector } from './read.ts'
import { wishDrain } from './wish-drain.ts'

export const connectorsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/connectors', listConnectors(api))
    .get('/v1/connectors/:connectorId', readConnector(api))
    .post('/v1/connectors/:connectorId/drain', wishDrain(api, true))
    .delete('/v1/connectors/:connectorId/drain', wishDrain(api, false))
