// The feed.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { eventsByAccept } from './by-accept.ts'
import { issueTicket } from './issue-ticket.ts'

export const eventsRoutes = (api: Api) =>
  new Hono<AppEnv>().get('/v1/events', eventsByAccept(api)).post('/v1/ws-tickets', issueTicket(api))
