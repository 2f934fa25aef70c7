// GET /health: this process is up. Open to anyone, asks nobody.
import type { Handler } from 'hono'
import type { AppEnv } from '../../deps.ts'

export const health = (): Handler<AppEnv> => (c) => c.json({ status: 'ok' })
