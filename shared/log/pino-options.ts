// How every process of ours logs: the same fields, the same masking. Each entry hands it to pino.
import { toErrorFields, toStackLines } from './error-fields.ts'

/** At debug and trace errors bring the place where they broke; above, one line with the reason. */
export function toPinoOptions({ name, level }: { name: string; level: string }) {
  const withStack = level === 'debug' || level === 'trace'
  return {
    name,
    level,
    serializers: {
      err: (error: unknown) => ({ ...toErrorFields(error), ...(withStack ? { stack: toStackLines(error) } : {}) }),
    },
    redact: {
      paths: ['secret', 'token', 'key', 'password', '*.secret', '*.token', '*.privKey', '*.rootKey'],
      censor: '[hidden]',
    },
  }
}

/** For pino-pretty: on stderr. */
export const prettyOptions = { destination: 2, ignore: 'pid,hostname' }
