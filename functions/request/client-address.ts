// Whose connection it is, for counting failed keys. Behind a proxy of ours its last word counts, else the socket's.
import type { Context } from 'hono'
import type { AppEnv } from '../deps.ts'

export function clientAddress(c: Context<AppEnv>, trustProxy: boolean): string {
  if (trustProxy) {
    // The right-most entry is the one our own proxy wrote; those before it are the caller's claims.
    const forwarded = c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim()
    if (forwarded) return forwarded.slice(0, 64)
  }
  const env = c.env as AppEnv['Bindings'] | undefined
  return env?.remoteAddress ?? env?.incoming?.socket?.remoteAddress ?? 'unknown'
}
