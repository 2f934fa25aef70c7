// One logger per process. Secrets, message texts and whole documents have no business in it; errors lose what a driver hangs on them.
import pino, { type Logger } from 'pino'
import { maskJid } from '../shared/model/jid.ts'

export type LogOptions = { level: string; format?: 'json' | 'pretty' | undefined; name: string }

export function createLog({ level, format, name }: LogOptions): Logger {
  const pretty = (format ?? (process.stderr.isTTY ? 'pretty' : 'json')) === 'pretty'
  return pino(
    {
      name,
      level,
      serializers: {
        err: (error: unknown) =>
          error instanceof Error
            ? {
                type: error.name,
                message: maskJid(error.message).slice(0, 500),
                code: (error as { code?: unknown }).code,
                stack: level === 'trace' || level === 'debug' ? error.stack : undefined,
              }
            : { message: maskJid(String(error)).slice(0, 500) },
      },
      redact: {
        paths: ['secret', 'token', 'key', 'password', '*.secret', '*.token', '*.privKey', '*.rootKey'],
        censor: '[hidden]',
      },
    },
    pretty
      ? pino.transport({ target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } })
      : pino.destination(2),
  )
}
