// Baileys' logger, with everything but its sentences left out: its objects carry keys, texts and whole stanzas.
import type { SocketConfig } from '@whiskeysockets/baileys'

export type LogSink = Record<'trace' | 'debug' | 'warn', (fields: object, message: string) => void>

export function createBaileysLogger(sink: LogSink): SocketConfig['logger'] {
  const write = (level: 'debug' | 'trace') => (object: unknown, message?: string) => {
    const sentence = message ?? (typeof object === 'string' ? object : '')
    if (sentence !== '') sink[level]({ from: 'baileys' }, sentence.slice(0, 200))
  }
  const logger: SocketConfig['logger'] = {
    level: 'debug',
    child: () => logger,
    trace: () => undefined,
    debug: write('trace'),
    info: write('trace'),
    warn: write('debug'),
    error: write('debug'),
  }
  return logger
}
