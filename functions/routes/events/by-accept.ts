// GET /v1/events: a page, or the stream, as the caller accepts.
import type { Handler } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { listEvents } from './list.ts'
import { streamEvents } from './stream.ts'

export function eventsByAccept(api: Api) {
  const page = listEvents(api)
  const stream = streamEvents(api) as unknown as typeof page
  const byAccept: typeof page = (c, next) =>
    (/text\/event-stream/i.test(c.req.header('accept') ?? '') ? stream : page)(c, next)
  return byAccept satisfies Handler<AppEnv>
}
