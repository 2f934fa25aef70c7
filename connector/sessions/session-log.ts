// The log a session writes to; a pino child fits.

export type SessionLog = Record<
  'trace' | 'debug' | 'info' | 'warn' | 'error',
  (fields: object, message: string) => void
>
