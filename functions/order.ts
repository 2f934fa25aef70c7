// Giving an order: one insert into the durable outbox, under an idempotency key if there is one, and the wait for its end.
import type { Actor } from '../shared/model/api-key.ts'
import type { Command, CommandKind, CommandPayloads } from '../shared/model/command.ts'
import { isProblemCode, Problem } from '../shared/model/problem.ts'
import type { NewCommand } from '../shared/store/commands.ts'
import { createToken, hashText } from '../shared/store/cipher.ts'
import type { Api } from './deps.ts'
import type { AppContext } from './operation.ts'
import { readWaitMs } from './request/wait.ts'

export type Order<K extends CommandKind> = {
  actor: Actor
  sessionId: string
  kind: K
  /** The chat whose order it keeps. */
  lane: string
  payload: CommandPayloads[K]
  messageId?: string
  notBefore?: Date | undefined
  expiresAt?: Date | undefined
  /** What the caller sent, parsed: the same idempotency key with another one is refused. */
  body: unknown
  /** `?wait=`, seconds. */
  wait?: number | undefined
}

/**
 * Throws `idempotency.conflict`, `queue.full`, and the command's own code (`recipient.not_on_whatsapp` …) or `command.failed` when it ended badly while the caller waited.
 * `isDone` = it has ended well while the caller waited.
 */
export async function giveOrder<K extends CommandKind>(
  api: Api,
  c: AppContext,
  order: Order<K>,
): Promise<{ command: Command; isDone: boolean }> {
  const idempotencyKey = readIdempotencyKey(c)
  const waitMs = readWaitMs(c, order.wait)
  const { command, repeated } = await acceptWithin(api, {
    _id: `cmd_${createToken(16)}`,
    sessionId: order.sessionId,
    lane: order.lane,
    kind: order.kind,
    payload: order.payload,
    actor: order.actor.id,
    ...(order.messageId === undefined ? {} : { messageId: order.messageId }),
    ...(order.notBefore ? { notBefore: order.notBefore } : {}),
    ...(order.expiresAt ? { expiresAt: order.expiresAt } : {}),
    ...(idempotencyKey === undefined
      ? {}
      : { idempotencyKey, bodyHash: hashText(JSON.stringify([c.req.method, c.req.path, order.body])) }),
  })
  if (repeated) c.header('Idempotency-Replayed', 'true')
  c.header('Location', `/v1/commands/${command._id}`)

  if (waitMs === 0) return { command, isDone: false }
  const ended = await api.waits.until(`command/${command._id}`, waitMs, c.req.raw.signal, async () => {
    const now = await api.store.commands.read(command._id)
    return now && now.state !== 'queued' && now.state !== 'sending' ? now : undefined
  })
  if (ended && ended.state !== 'done') throw toProblem(ended)
  return { command: ended ?? command, isDone: ended !== undefined }
}

/** What is wrong with the order itself is the caller's to mend, not a fault of the way to WhatsApp. */
export function toProblem({ _id, messageId, state, error }: Command): Problem {
  const code = state === 'cancelled' ? 'command.cancelled' : error?.code
  return new Problem(isProblemCode(code) ? code : 'command.failed', {
    detail: error?.reason ?? `It was ${state}`,
    ...(error?.errors ? { errors: error.errors } : {}),
    accepted: {
      commandId: _id,
      ...(messageId === undefined ? {} : { messageId }),
      // WhatsApp's own, as the message's row and event have it.
      ...(error && !isProblemCode(error.code) ? { failure: error.code } : {}),
    },
  })
}

/** What a caller should wait when the queue is full, seconds. */
export const fullRetryAfterSeconds = 5

/** Throws `queue.full`; what was accepted before is answered again also then. */
async function acceptWithin(api: Api, order: NewCommand): Promise<{ command: Command; repeated: boolean }> {
  const giveBack = await api.queueLimit.take(order.sessionId)
  if (!giveBack) {
    const first = await api.store.commands.accepted(order)
    if (first) return { command: first, repeated: true }
    throw new Problem('queue.full', { retryAfterSeconds: fullRetryAfterSeconds })
  }
  let isStored = false
  try {
    const outcome = await api.store.commands.accept(order)
    isStored = !outcome.repeated
    return outcome
  } finally {
    giveBack(isStored)
  }
}

/** Printable, up to 255 characters (draft-ietf-httpapi-idempotency-key-header). */
export function readIdempotencyKey(c: AppContext): string | undefined {
  const key = c.req.header('idempotency-key')
  if (key === undefined) return undefined
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Problem('request.invalid', {
      errors: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 printable characters without spaces' }],
    })
  return key
}
