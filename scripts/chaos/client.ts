// A client as clients should be: what was not answered, or with "later", is asked again under the same key.
import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'

export type Answer = { status: number; body: any }
export type Request = {
  method: string
  path: string
  body?: object
  /** Idempotency-Key. */
  key?: string
  /** The first try is given up after so many ms: its answer is lost, its effect perhaps not. */
  hangUpMs?: number
}
export type Client = {
  /** Resolves with the first answer that is not "later". Rejects only when the client is closed. */
  ask(request: Request): Promise<Answer>
  /** Tries that were not answered, or with "later". */
  repeats(): number
  close(): void
}

/** Beyond what the API may take to say 503. */
const patienceMs = 15_000
const pauseMs = 250

export function createClient(base: () => string, token: string): Client {
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  let repeats = 0

  async function attempt({ method, path, body, key }: Request, timeoutMs: number): Promise<Answer> {
    const response = await fetch(`${base()}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(key ? { 'idempotency-key': key } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  return {
    async ask(request) {
      for (let tries = 0; ; tries += 1) {
        const timeoutMs = tries === 0 && request.hangUpMs !== undefined ? request.hangUpMs : patienceMs
        try {
          const answer = await attempt(request, timeoutMs)
          if (answer.status < 500 && answer.status !== 429) return answer
          // 500 is our fault, not the weather's: whoever asked hears it.
          if (answer.status === 500) return answer
        } catch {
          closing.signal.throwIfAborted() // Anything else is an answer that did not come.
        }
        repeats += 1
        await pause(pauseMs, undefined, { signal: closing.signal })
      }
    },
    repeats: () => repeats,
    close: () => closing.abort(new Error('the client is closed')),
  }
}
