// The one door of every guarded route: who calls, how often, whether it may, and what was given. Then the operation.
import type { Context, Handler } from 'hono'
import type * as v from 'valibot'
import { mayUseConnectors, mayUseSession } from '../shared/auth/authorize.ts'
import { readToken } from '../shared/auth/read-token.ts'
import { isAllowed, type Actor, type Scope } from '../shared/model/api-key.ts'
import { Problem } from '../shared/model/problem.ts'
import { sessionIdPattern } from '../shared/model/session.ts'
import type { Api, AppEnv } from './deps.ts'
import { clientAddress } from './request/client-address.ts'
import { readBody, type BodySchema } from './request/read-body.ts'
import { readQuery } from './request/read-query.ts'

export type AppContext = Context<AppEnv>

type Spec<B extends BodySchema | undefined, Q extends BodySchema | undefined> = {
  /** What the key must be allowed; in a session's route also: on that session. */
  scope: Scope
  body?: B
  /** Default 1 MiB. */
  maxBodyBytes?: number
  /** Given: unknown query parameters are refused as well. */
  query?: Q
}
type Output<S extends BodySchema | undefined> = S extends BodySchema ? v.InferOutput<S> : undefined
type Given<B extends BodySchema | undefined, Q extends BodySchema | undefined> = {
  actor: Actor
  body: Output<B>
  query: Output<Q>
}
/** What the typed client has to send. */
type Sent<B extends BodySchema | undefined, Q extends BodySchema | undefined> = {
  in: (B extends BodySchema ? { json: v.InferInput<B> } : {}) & (Q extends BodySchema ? { query: v.InferInput<Q> } : {})
}

/** Proves the caller and counts the request. Throws `auth.*` and `rate.limited`; sets the limit's headers. */
export async function admit(api: Api, c: AppContext): Promise<Actor> {
  const token = readToken((name) => c.req.header(name))
  const actor = await api.auth.authenticate(token, () => clientAddress(c, api.deps.settings.TRUST_PROXY))
  c.set('actor', actor)
  const taken = api.limiter.take(actor.id)
  const rate = taken instanceof Promise ? await taken : taken
  c.header('RateLimit-Limit', String(rate.limit))
  c.header('RateLimit-Remaining', String(rate.remaining))
  c.header('RateLimit-Reset', String(rate.resetSeconds))
  if (!rate.allowed) throw new Problem('rate.limited', { retryAfterSeconds: rate.resetSeconds })
  return actor
}

/** Throws `session.not_found`, or `auth.forbidden` where the caller may know that the session is there. */
export async function authorizeSession(api: Api, actor: Actor, sessionId: string, scope: Scope): Promise<void> {
  const verdict = sessionIdPattern.test(sessionId) ? mayUseSession(actor, sessionId, scope) : 'hidden'
  if (verdict === 'allowed') return
  if (verdict === 'forbidden' && (await api.sessions.exists(sessionId)))
    throw new Problem('auth.forbidden', { detail: `This key lacks ${scope}` })
  throw new Problem('session.not_found')
}

/** Throws `connector.not_found`, or `auth.forbidden` where the caller may know that the connector is there. */
async function authorizeConnector(api: Api, actor: Actor, connectorId: string, scope: Scope): Promise<void> {
  const verdict = mayUseConnectors(actor, scope)
  if (verdict === 'allowed') return
  if (verdict === 'forbidden' && (await api.store.connectors.read(connectorId)))
    throw new Problem('auth.forbidden', { detail: `This key lacks ${scope}` })
  throw new Problem('connector.not_found')
}

export function authorize(actor: Actor, scope: Scope): void {
  if (!isAllowed(actor, scope)) throw new Problem('auth.forbidden', { detail: `This key lacks ${scope}` })
}

/** A route that belongs to no single session. */
export function operation<
  R extends Response,
  B extends BodySchema | undefined = undefined,
  Q extends BodySchema | undefined = undefined,
>(
  api: Api,
  spec: Spec<B, Q>,
  run: (c: AppContext, given: Given<B, Q>) => Promise<R> | R,
): Handler<AppEnv, any, Sent<B, Q>, Promise<R>> {
  return async (c) => {
    const actor = await admit(api, c)
    authorize(actor, spec.scope)
    return run(c, { actor, ...(await readInput(c, spec)) })
  }
}

/** A route under `/v1/sessions/:sessionId`: the caller may act on that session. Whether it exists is for `run` to ask. */
export function sessionOperation<
  R extends Response,
  B extends BodySchema | undefined = undefined,
  Q extends BodySchema | undefined = undefined,
>(
  api: Api,
  spec: Spec<B, Q>,
  run: (c: AppContext, given: Given<B, Q> & { sessionId: string }) => Promise<R> | R,
): Handler<AppEnv, any, Sent<B, Q>, Promise<R>> {
  return async (c) => {
    const actor = await admit(api, c)
    const sessionId = c.req.param('sessionId') ?? ''
    await authorizeSession(api, actor, sessionId, spec.scope)
    return run(c, { actor, sessionId, ...(await readInput(c, spec)) })
  }
}

/** A route under `/v1/connectors/:connectorId`: the caller may use connectors. Whether it exists is for `run` to ask. */
export function connectorOperation<R extends Response, B extends BodySchema | undefined = undefined>(
  api: Api,
  spec: Spec<B, undefined>,
  run: (c: AppContext, given: Given<B, undefined> & { connectorId: string }) => Promise<R> | R,
): Handler<AppEnv, any, Sent<B, undefined>, Promise<R>> {
  return async (c) => {
    const actor = await admit(api, c)
    const connectorId = c.req.param('connectorId') ?? ''
    await authorizeConnector(api, actor, connectorId, spec.scope)
    return run(c, { actor, connectorId, ...(await readInput(c, spec)) })
  }
}

async function readInput<B extends BodySchema | undefined, Q extends BodySchema | undefined>(
  c: AppContext,
  spec: Spec<B, Q>,
): Promise<{ body: Output<B>; query: Output<Q> }> {
  const query = spec.query ? readQuery(c, spec.query) : undefined
  const body = spec.body ? await readBody(c, spec.body, spec.maxBodyBytes) : undefined
  return { body: body as Output<B>, query: query as Output<Q> }
}
