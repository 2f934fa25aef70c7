// The one place where a failure becomes an answer: application/problem+json, with nothing internal in it.
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { toStackLines } from '../../shared/log/error-fields.ts'
import type { Outage } from '../../shared/log/outage.ts'
import { Problem } from '../../shared/model/problem.ts'
import { isUnavailable } from '../../shared/store/client.ts'
import type { AppEnv, Log } from '../deps.ts'

/** What a caller should wait while the database is away, seconds. */
const storeRetryAfterSeconds = 2

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isUnavailable(error))
    return new Problem('store.unavailable', { cause: error, retryAfterSeconds: storeRetryAfterSeconds })
  if (error instanceof HTTPException && error.status < 500)
    return new Problem(error.status === 413 ? 'request.too_large' : 'request.malformed', { cause: error })
  return new Problem('internal.error', { cause: error })
}

export type ProblemLog = { log: Log; outage: Outage }

export function problemResponse(c: Context<AppEnv>, problem: Problem, logs: ProblemLog): Response {
  const requestId = c.get('requestId')
  if (problem.status >= 500) report(c, problem, requestId, logs)
  const retryAfterSeconds =
    problem.retryAfterSeconds ?? (problem.code === 'store.unavailable' ? storeRetryAfterSeconds : undefined)
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds))
  if (problem.status === 401) c.header('WWW-Authenticate', 'Bearer realm="wastream"')
  return c.body(toProblemJson(problem, requestId), problem.status as ContentfulStatusCode, {
    'Content-Type': 'application/problem+json',
  })
}

/** While the database is away every request fails alike: that is said once, not once per request. */
function report(c: Context<AppEnv>, problem: Problem, requestId: string, { log, outage }: ProblemLog): void {
  const { code, cause } = problem
  const err = cause ?? problem
  const sentence = `${c.req.method} ${c.req.routePath} failed`
  if (code === 'internal.error') return log.error({ requestId, code, err, stack: toStackLines(err) }, sentence)
  if (code !== 'store.unavailable') return log.warn({ requestId, code, err }, sentence)
  outage.noticed(err)
  log.debug({ requestId, code, err }, sentence)
}

export function toProblemJson(problem: Problem, requestId: string): string {
  return JSON.stringify({
    type: `urn:wastream:problem:${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    requestId,
    retryable: problem.retryable,
    errors: problem.errors,
    ...problem.accepted,
  })
}
