// The database: killed and started again on the same data, or frozen.
import type { Strike } from './strike.ts'

export const strikeMongodb =
  (how: 'kill' | 'freeze'): Strike =>
  async ({ site }, { lastsMs }) =>
    (await site.mongodb?.[how](lastsMs)) ?? false
