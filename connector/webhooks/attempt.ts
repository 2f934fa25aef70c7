// One POST to a receiver, and what came of it. Bounded in time and in what is read; never throws, never follows.
import { request } from 'undici'
import type { Attempt, AttemptError } from '../../shared/model/delivery.ts'
import type { Outside } from '../outside/open-outside.ts'
import { whatFailed } from '../outside/what-failed.ts'
import { parseRetryAfter } from './retry-waits.ts'

/** Bytes of an answer that are read; the rest is cut off with the connection. */
const answerBytes = 1_000
/** Once the status is here, what it says beside it is waited for no longer than this, ms. */
const answerMs = 2_000

export type AttemptInput = {
  url: string
  headers: Record<string, string>
  body: string
  outside: Outside
  /** For the whole of it, connection included, ms. */
  limitMs: number
  /** Gives it up: `stopped`. */
  signal: AbortSignal
}

export type AttemptResult = {
  attempt: Attempt
  verdict: 'delivered' | 'failed' | 'gone' | 'stopped'
  /** What `Retry-After` asked for, ms. */
  askedMs?: number | undefined
}

export async function attemptDelivery(input: AttemptInput): Promise<AttemptResult> {
  const at = new Date()
  const began = performance.now()
  const giveUp = new AbortController()
  let isLate = false
  const stop = () => giveUp.abort()
  const timer = setTimeout(() => {
    isLate = true
    stop()
  }, input.limitMs)
  input.signal.addEventListener('abort', stop, { once: true })
  const measured = () => ({ at, durationMs: Math.round(performance.now() - began) })
  try {
    input.signal.throwIfAborted()
    input.outside.vet(input.url)
    const answer = await request(input.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'wastream-webhooks/1', ...input.headers },
      body: input.body,
      dispatcher: input.outside.dispatcher,
      signal: giveUp.signal,
    })
    const status = answer.statusCode
    const text = await readStart(answer.body)
    const attempt: Attempt = { ...measured(), status, ...(text === '' ? {} : { answer: text }) }
    if (status >= 200 && status < 300) return { attempt, verdict: 'delivered' }
    const error: AttemptError = status >= 300 && status < 400 ? 'redirect' : 'status'
    const asked = answer.headers['retry-after']
    return {
      attempt: { ...attempt, error },
      verdict: status === 410 ? 'gone' : 'failed',
      askedMs: parseRetryAfter(Array.isArray(asked) ? asked[0] : asked, at.getTime()),
    }
  } catch (error) {
    if (input.signal.aborted) return { attempt: measured(), verdict: 'stopped' }
    return { attempt: { ...measured(), error: isLate ? 'timeout' : whatFailed(error) }, verdict: 'failed' }
  } finally {
    clearTimeout(timer)
    input.signal.removeEventListener('abort', stop)
  }
}

async function readStart(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  const cut = setTimeout(() => body.destroy(), answerMs)
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= answerBytes) break
    }
  } catch {
    // The status decides; an answer that breaks off is kept as far as it came.
  } finally {
    clearTimeout(cut)
  }
  return Buffer.concat(chunks).subarray(0, answerBytes).toString('utf8')
}
