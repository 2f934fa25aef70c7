// The single-session routes of document 2 act on the session named by DEFAULT_SESSION_ID.
import type { Handler } from 'hono'
import type { Actor, Scope } from '../../../shared/model/api-key.ts'
import type * as v from 'valibot'
import type { Api, AppEnv } from '../../deps.ts'
import { admit, authorizeSession, type AppContext } from '../../operation.ts'
import { readBody, type BodySchema } from '../../request/read-body.ts'
import { readQuery } from '../../request/read-query.ts'

type Given<B extends BodySchema, Q extends BodySchema> = {
  actor: Actor
  sessionId: string
  body: v.InferOutput<B>
  query: v.InferOutput<Q>
}

export function defaultSessionOperation<R extends Response, B extends BodySchema, Q extends BodySchema>(
  api: Api,
  spec: { scope: Scope; body?: B; query?: Q },
  run: (c: AppContext, given: Given<B, Q>) => Promise<R> | R,
): Handler<AppEnv, any, { in: { json: v.InferInput<B>; query: v.InferInput<Q> } }, Promise<R>> {
  return async (c) => {
    const actor = await admit(api, c)
    const sessionId = api.deps.settings.DEFAULT_SESSION_ID
    await authorizeSession(api, actor, sessionId, spec.scope)
    const query = spec.query ? readQuery(c, spec.query) : undefined
    const body = spec.body ? await readBody(c, spec.body) : undefined
    return run(c, { actor, sessionId, body, query })
  }
}
