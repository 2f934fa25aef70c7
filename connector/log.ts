// One logger per process. Secrets, message texts and whole documents have no business in it; errors lose what a driver hangs on them.
import pino, { type Logger } from 'pino'
import { prettyOptions, toPinoOptions } from '../shared/log/pino-options.ts'

export type LogOptions = { level: string; format?: 'json' | 'pretty' | undefined; name: string }

/** Writes to stderr. `format` defaults to pretty on a terminal, else json. */
export function createLog({ level, format, name }: LogOptions): Logger {
  const pretty = (format ?? (process.stderr.isTTY ? 'pretty' : 'json')) === 'pretty'
  return pino(
    toPinoOptions({ name, level }),
    pretty ? pino.transport({ target: 'pino-pretty', options: prettyOptions }) : pino.destination(2),
  )
}
