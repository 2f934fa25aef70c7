// POST /v1/sessions/{id}/messages/bulk: one message to many, accepted whole or not at all, in one transaction.
import { SendBulk } from '../../../shared/model/batch.ts'
import type { Actor } from '../../../shared/model/api-key.ts'
import type { OutContent } from '../../../shared/model/content.ts'
import type { BulkMessage } from '../../../shared/model/message.ts'
import type { SendMedia } from '../../../shared/model/send-media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { NewBatch } from '../../../shared/store/batches.ts'
import { createToken, hashText } from '../../../shared/store/cipher.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { fullRetryAfterSeconds, readIdempotencyKey } from '../../order.ts'
import { takeMedia } from '../messages/given-media.ts'
import { maxBodyBytes, mentionsOf, refuseBadTimes, toContent } from '../messages/send.ts'
import { fillIn } from './fill-in.ts'
import { findRecipients, type Recipient } from './find-recipients.ts'

/** All messages of a batch together, characters of JSON: what one transaction takes with ease. */
const maxBatchLength = 16 * 1_048_576

export const sendBulk = (api: Api) =>
  sessionOperation(api, { scope: 'messages.write', body: SendBulk, maxBodyBytes }, async (c, given) => {
    const { actor, sessionId, body } = given
    const key = readIdempotencyKey(c)
    const batchId = `bat_${key === undefined ? createToken(16) : hashText(`${actor.id}/${key}`).slice(0, 32)}`
    const bodyHash = hashText(JSON.stringify([c.req.method, c.req.path, body]))
    const answer = (total: number, repeated: boolean) => {
      if (repeated) c.header('Idempotency-Replayed', 'true')
      c.header('Location', `/v1/sessions/${sessionId}/batches/${batchId}`)
      return c.json({ batchId, total }, 202)
    }
    await api.sessions.mustExist(sessionId)
    const earlier = key === undefined ? null : await api.store.batches.accepted(batchId, bodyHash)
    if (earlier) return answer(earlier.total, true)

    refuseBadTimes(api.now(), body)
    const recipients = await findRecipients(api, sessionId, body.recipients, {
      ...body.message,
      mentions: mentionsOf(body.message),
    })
    const messages = fillAll(body.message, recipients)
    const giveBack = await api.queueLimit.take(sessionId, recipients.length)
    if (!giveBack) throw new Problem('queue.full', { retryAfterSeconds: fullRetryAfterSeconds })
    let isStored = false
    try {
      const taken = await toContents(api, actor, sessionId, messages)
      const { ephemeralSeconds } = body.message
      const times = {
        ...(body.notBefore ? { notBefore: body.notBefore } : {}),
        ...(body.expiresAt ? { expiresAt: body.expiresAt } : {}),
      }
      const commands = recipients.map(({ jid, lane }, i): NewBatch['commands'][number] => ({
        _id: `cmd_${batchId.slice(4)}.${i}`,
        sessionId,
        lane,
        kind: 'message.send',
        payload: {
          to: jid,
          content: taken.contents[i]!,
          ...(ephemeralSeconds === undefined ? {} : { ephemeralSeconds }),
        },
        messageId: toMessageId(`${batchId}/${i}`),
        batchId,
        actor: actor.id,
        ...times,
      }))
      const { batch, repeated } = await api.store.batches
        .accept({ _id: batchId, sessionId, actor: actor.id, bodyHash, ...times, commands })
        .catch(async (error: unknown) => {
          // After any other failure the batch may stand all the same, with its file.
          if (error instanceof Problem && error.code === 'idempotency.conflict') await taken.undo()
          throw error
        })
      isStored = !repeated
      if (repeated) await taken.undo()
      return answer(batch.total, repeated)
    } finally {
      giveBack(isStored)
    }
  })

/** In WhatsApp's own form, the same whenever it is asked: what is accepted again is not sent again. */
const toMessageId = (name: string) => `3EB0${hashText(name).slice(0, 18).toUpperCase()}`

/** Throws `request.invalid` naming who lacks what, and `request.too_large`. */
function fillAll(message: BulkMessage, recipients: readonly Recipient[]): BulkMessage[] {
  const filled: BulkMessage[] = []
  let length = 0
  for (const [i, { variables }] of recipients.entries()) {
    const one = fillIn(message, variables, `recipients.${i}`)
    if (Array.isArray(one)) throw new Problem('request.invalid', { errors: one })
    filled.push(one)
    length += JSON.stringify({ ...one, media: undefined }).length
    if (length > maxBatchLength)
      throw new Problem('request.too_large', {
        detail: `All messages of a batch may have ${maxBatchLength} characters together`,
      })
  }
  return filled
}

/** What each of them is sent; a file is stored once for all. */
async function toContents(
  api: Api,
  actor: Actor,
  sessionId: string,
  messages: readonly BulkMessage[],
): Promise<{ contents: OutContent[]; undo(): Promise<void> }> {
  const [first] = messages
  if (!first || !('media' in first))
    return {
      contents: messages.map((message) => toContent(message as Exclude<BulkMessage, SendMedia>)),
      undo: async () => undefined,
    }
  const taken = await takeMedia(api, { actor, sessionId, body: first })
  const contents = messages.map((message) => ({
    ...taken.content,
    ...('caption' in message && message.caption !== undefined ? { caption: message.caption } : {}),
  }))
  return { contents, undo: () => taken.undo() }
}
