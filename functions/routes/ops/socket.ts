// GET /v1/ws without an upgrade: the route speaks WebSocket, and the relay answers it.
import type { Handler } from 'hono'
import { Problem } from '../../../shared/model/problem.ts'
import type { AppEnv } from '../../deps.ts'

export const socket = (): Handler<AppEnv> => (c) => {
  c.header('Upgrade', 'websocket')
  throw new Problem('socket.upgrade_required', {
    detail: 'Open it as a WebSocket with a ticket of POST /v1/ws-tickets',
  })
}
