// The API's log on Node: one line per thing worth knowing, on stderr. Of an error only its name, code and masked sentence.
import { pino, transport, destination } from 'pino'
import { maskJid } from '../../shared/model/jid.ts'
import type { Log } from '../deps.ts'

export function createLog(level: string, format: 'json' | 'pretty' | undefined): Log {
  const isPretty = (format ?? (process.stderr.isTTY ? 'pretty' : 'json')) === 'pretty'
  return pino(
    {
      name: 'api',
      level,
      serializers: {
        err: (error: unknown) => ({
          type: error instanceof Error ? error.name : typeof error,
          message: maskJid(error instanceof Error ? error.message : String(error)).slice(0, 500),
          code: (error as { code?: unknown } | null)?.code,
          // Where it broke is ours to know only when nobody foresaw it.
          stack: error instanceof Error && error.name !== 'Problem' ? error.stack?.split('\n').slice(1, 8) : undefined,
        }),
      },
    },
    isPretty
      ? transport({ target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } })
      : destination(2),
  )
}
