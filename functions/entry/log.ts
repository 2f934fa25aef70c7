// The API's log on Node: one line per thing worth knowing, on stderr.
import { destination, pino, transport, type Logger } from 'pino'
import { prettyOptions, toPinoOptions } from '../../shared/log/pino-options.ts'

/** `format` defaults to pretty on a terminal, else json. */
export function createLog(level: string, format: 'json' | 'pretty' | undefined): Logger {
  const isPretty = (format ?? (process.stderr.isTTY ? 'pretty' : 'json')) === 'pretty'
  return pino(
    toPinoOptions({ name: 'api', level }),
    isPretty ? transport({ target: 'pino-pretty', options: prettyOptions }) : destination(2),
  )
}
