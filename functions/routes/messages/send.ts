// POST /v1/sessions/{id}/messages: ONE insert into the outbox; 202 at once, also while the phone is away.
import { storiesJid } from '../../../shared/model/jid.ts'
import type { OutContent } from '../../../shared/model/content.ts'
import { SendMessage, type BulkMessage } from '../../../shared/model/message.ts'
import { createMessageId } from '../../../shared/model/message-id.ts'
import type { SendMedia } from '../../../shared/model/send-media.ts'
import { Problem, type FieldFault, type ProblemCode } from '../../../shared/model/problem.ts'
import type { Actor } from '../../../shared/model/api-key.ts'
import type { Command } from '../../../shared/model/command.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation, type AppContext } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { toJid } from '../../request/address.ts'
import { checkChannel } from '../channels/check-channel.ts'
import { checkGroup } from './check-group.ts'
import { WaitQuery } from '../../request/wait.ts'
import { takeMedia } from './given-media.ts'

/** A file of 16 MB as base64, and the rest of the message. */
export const maxBodyBytes = 24 * 1_048_576

export const sendMessage = (api: Api) =>
  sessionOperation(
    api,
    { scope: 'messages.write', body: SendMessage, query: WaitQuery, maxBodyBytes },
    async (c, { actor, sessionId, body, query }) => {
      const { command, isDone } = await acceptMessage(api, c, { actor, sessionId, body, wait: query.wait })
      const answer = { messageId: command.messageId ?? '', commandId: command._id }
      return isDone
        ? c.json({ ...answer, status: 'sent' as const }, 201)
        : c.json({ ...answer, status: 'queued' as const }, 202)
    },
  )

export async function acceptMessage(
  api: Api,
  c: AppContext,
  order: { actor: Actor; sessionId: string; body: SendMessage; wait?: number | undefined },
): Promise<{ command: Command; isDone: boolean }> {
  const { actor, sessionId, body } = order
  const to = toJid(body.to, 'to')
  if (to === storiesJid)
    throw new Problem('request.invalid', { errors: [{ path: 'to', message: 'is for stories: POST …/status' }] })
  refuseBadTimes(api.now(), body)
  const [lane] = await Promise.all([api.lanes.of(sessionId, to), api.sessions.mustExist(sessionId)])
  await checkChannel(api, sessionId, to, { ...body, mentions: mentionsOf(body) })
  await Promise.all([checkGroup(api, sessionId, to, mentionsOf(body)), checkQuoted(api, sessionId, lane, body)])
  if (!('media' in body)) return giveMessage(api, c, { ...order, to, lane, content: toContent(body) })
  const taken = await takeMedia(api, { actor, sessionId, body })
  const { content } = taken
  try {
    const given = await giveMessage(api, c, { ...order, to, lane, content })
    // Accepted before, with a file of its own.
    if (fileIdOf(given.command) !== fileIdOf({ payload: { content } })) await taken.undo()
    return given
  } catch (error) {
    // After any other failure the order may stand all the same.
    if (error instanceof Problem && beforeTheOrder.has(error.code)) await taken.undo()
    throw error
  }
}

/** Of the chat that is written to, here or on its way there. Throws `request.invalid`. */
async function checkQuoted(api: Api, sessionId: string, lane: string, { quotedMessageId }: SendMessage): Promise<void> {
  if (quotedMessageId === undefined) return
  const [row] = await api.store.messages.find(sessionId, quotedMessageId, lane, 1)
  if (row) return
  const order = await api.store.commands.ofMessage(sessionId, quotedMessageId)
  const isComing = order && ['queued', 'sending', 'done'].includes(order.state)
  if (isComing && (await api.lanes.of(sessionId, order.lane)) === lane) return
  throw new Problem('request.invalid', {
    errors: [{ path: 'quotedMessageId', message: 'is no message of this chat' }],
  })
}

const beforeTheOrder = new Set<ProblemCode>(['queue.full', 'idempotency.conflict', 'request.invalid'])

function fileIdOf({ payload }: { payload: object }): string | undefined {
  const { content } = payload as { content: OutContent }
  return 'media' in content && 'fileId' in content.media ? content.media.fileId : undefined
}

function giveMessage(
  api: Api,
  c: AppContext,
  order: {
    actor: Actor
    sessionId: string
    body: SendMessage
    wait?: number | undefined
    to: string
    lane: string
    content: OutContent
  },
) {
  const { actor, sessionId, body, to, lane, content } = order
  return giveOrder(api, c, {
    actor,
    sessionId,
    kind: 'message.send',
    lane,
    payload: {
      to,
      content,
      ...(body.quotedMessageId === undefined ? {} : { quotedMessageId: body.quotedMessageId }),
      ...(body.ephemeralSeconds === undefined ? {} : { ephemeralSeconds: body.ephemeralSeconds }),
    },
    messageId: createMessageId(),
    notBefore: body.notBefore,
    expiresAt: body.expiresAt,
    body,
    wait: order.wait,
  })
}

export function toContent(body: Exclude<SendMessage | BulkMessage, SendMedia>): OutContent {
  switch (body.type) {
    case 'text': {
      const mentions = mentionsOf(body)
      const { linkPreview } = body
      if (typeof linkPreview === 'object' && !body.text.includes(linkPreview.url))
        throw new Problem('request.invalid', {
          errors: [{ path: 'linkPreview.url', message: 'must stand in the text' }],
        })
      return {
        type: 'text',
        text: body.text,
        ...(mentions ? { mentions } : {}),
        ...(linkPreview ? { linkPreview } : {}),
      }
    }
    case 'location':
      return { type: 'location', location: body.location }
    case 'contacts':
      return { type: 'contacts', contacts: body.contacts }
    case 'poll':
      return { type: 'poll', poll: body.poll }
    case 'event':
      return { type: 'event', event: body.event }
  }
}

export function refuseBadTimes(nowMs: number, body: Pick<SendMessage, 'notBefore' | 'expiresAt'>): void {
  const errors: FieldFault[] = []
  if (body.expiresAt && body.expiresAt.getTime() <= nowMs)
    errors.push({ path: 'expiresAt', message: 'must lie in the future' })
  if (body.expiresAt && body.notBefore && body.expiresAt <= body.notBefore)
    errors.push({ path: 'expiresAt', message: 'must be later than notBefore' })
  if (errors.length > 0) throw new Problem('request.invalid', { errors })
}

export function mentionsOf(body: SendMessage | BulkMessage): string[] | undefined {
  return body.type === 'text' ? body.mentions?.map((mention, i) => toJid(mention, `mentions.${i}`)) : undefined
}
