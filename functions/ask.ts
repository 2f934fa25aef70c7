// A question to WhatsApp: a light command that expires when nobody waits for its answer any more.
import type { Actor } from '../shared/model/api-key.ts'
import type { CommandKind, CommandPayloads } from '../shared/model/command.ts'
import { Problem } from '../shared/model/problem.ts'
import type { SessionStatus } from '../shared/model/session.ts'
import { createToken } from '../shared/store/cipher.ts'
import type { Api } from './deps.ts'
import type { AppContext } from './operation.ts'
import { toProblem } from './order.ts'

/** Connected, or about to be again: a dropped connection comes back in seconds. */
const mayAnswer = new Set<SessionStatus>(['connected', 'connecting', 'disconnected'])
const notConnected = () => new Problem('session.not_connected', { retryAfterSeconds: 5 })

/** How long WhatsApp may take to answer, ms. */
const answerMs = 20_000

/**
 * What the act gave as its result. Throws the act's own code, `session.not_found`, and `session.not_connected` when nobody could ask in time.
 * It waits behind nothing: its lane is its own, and its kind one of `lightKinds`.
 */
export async function askWhatsapp<K extends CommandKind>(
  api: Api,
  c: AppContext,
  question: { actor: Actor; sessionId: string; kind: K; payload: CommandPayloads[K] },
): Promise<Record<string, unknown>> {
  const { actor, sessionId, kind, payload } = question
  const session = await api.store.sessions.read(sessionId)
  if (!session) throw new Problem('session.not_found')
  if (!mayAnswer.has(session.status)) throw notConnected()
  const id = `cmd_${createToken(16)}`
  const { command } = await api.store.commands.accept({
    _id: id,
    sessionId,
    lane: `question/${id}`,
    kind,
    payload,
    actor: actor.id,
    expiresAt: new Date(Date.now() + answerMs),
  })
  const ended = await api.waits.until(`command/${command._id}`, answerMs, c.req.raw.signal, async () => {
    const now = await api.store.commands.read(command._id)
    return now && now.state !== 'queued' && now.state !== 'sending' ? now : undefined
  })
  if (ended?.state === 'done') return ended.result ?? {}
  if (ended?.state === 'failed') throw toProblem(ended)
  throw notConnected()
}
