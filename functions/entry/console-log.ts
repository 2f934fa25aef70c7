// A log where there is only a console (Cloudflare shows it with `wrangler tail`). Of an error only its name and code.
import type { Log } from '../deps.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const

/** `level` as in LOG_LEVEL; what is below it is not written. */
export function createConsoleLog(level: string): Log {
  const from = level === 'trace' ? 0 : levels.indexOf(level as (typeof levels)[number])
  const at = (rank: number) => (fields: object, message: string) => {
    if (from === -1 || rank < from) return
    const { err, ...rest } = fields as { err?: { name?: string; code?: unknown } }
    const error = err === undefined ? {} : { error: err.name, errorCode: err.code }
    // oxlint-disable-next-line no-console -- it is the only place to write to here
    console.log(JSON.stringify({ level: levels[rank], message, ...rest, ...error }))
  }
  return { debug: at(0), info: at(1), warn: at(2), error: at(3) }
}
