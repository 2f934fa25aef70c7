// An error as a line of a log: its name, its code and its sentence, masked. No stack, and nothing that a driver hung on it.
import { maskJid } from '../model/jid.ts'

export type ErrorFields = { type: string; message: string; code: string | number | undefined }

export function toErrorFields(error: unknown): ErrorFields {
  return {
    type: error instanceof Error ? error.name : typeof error,
    message: maskJid(toSentence(error)).slice(0, 500),
    code: codeOf(error),
  }
}

/** Where it broke, without the sentence: messages may have several lines, and any of them may be a text of somebody's. */
export function toStackLines(error: unknown): string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : []
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim())
}

/** The first code on the way to the cause: a driver wraps what the system said (`ECONNREFUSED`) twice. */
export function codeOf(error: unknown): string | number | undefined {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth += 1) {
    const { code, cause } = at as { code?: unknown; cause?: unknown }
    if (typeof code === 'string' || typeof code === 'number') return code
    at = cause
  }
  return undefined
}

function toSentence(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim()
}
