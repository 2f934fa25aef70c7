// Which methods a path knows: told in `Allow` when the one that was asked for is not among them.
import type { Hono } from 'hono'
import type { AppEnv } from '../deps.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

export function methodsOf(app: Hono<AppEnv>, path: string): string[] {
  // What answers a method that nobody has is middleware only.
  const middleware = app.router.match('NONE', path)[0].length
  return methods.filter((method) => app.router.match(method, path)[0].length > middleware)
}
