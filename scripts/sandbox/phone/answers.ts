// Votes and answers to events, as the app seals them: with the secret of what is answered, under the names of its
// author and of who answers. Which form of a name the app takes is not known for sure, so a phone tries them all.
import { createHash, randomBytes } from 'node:crypto'
import { aesEncryptGCM, decryptEventResponse, decryptPollVote, hmacSign, proto } from '@whiskeysockets/baileys'

export type EventAnswer = 'going' | 'not_going' | 'maybe'
const { EventResponseType } = proto.Message.EventResponseMessage
const responses: [EventAnswer, proto.Message.EventResponseMessage.EventResponseType][] = [
  ['going', EventResponseType.GOING],
  ['not_going', EventResponseType.NOT_GOING],
  ['maybe', EventResponseType.MAYBE],
]

/** `author`, `answerer`: one jid each. */
export type Seal = { messageId: string; original: proto.IMessage; author: string; answerer: string }

const hash = (option: string): Buffer => createHash('sha256').update(option).digest()

const optionsOf = (poll: proto.IMessage): string[] =>
  ((poll.pollCreationMessage ?? poll.pollCreationMessageV3)?.options ?? []).map(({ optionName }) => optionName ?? '')

const seal = (to: Seal, purpose: string, plain: Uint8Array): { encPayload: Buffer; encIv: Buffer } => {
  const secret = to.original.messageContextInfo?.messageSecret ?? new Uint8Array(32)
  const names = Buffer.from(`${to.messageId}${to.author}${to.answerer}${purpose}\u0001`)
  const key = hmacSign(names, hmacSign(secret, new Uint8Array(32)))
  const encIv = randomBytes(12)
  const aad = Buffer.from(`${to.messageId}\u0000${to.answerer}`)
  return { encPayload: Buffer.from(aesEncryptGCM(plain, key, encIv, aad)), encIv }
}

/** Options are taken as they are given, also those that the poll does not have. */
export const sealVote = (to: Seal, options: string[], target: proto.IMessageKey): proto.IMessage => {
  const plain = proto.Message.PollVoteMessage.encode({ selectedOptions: options.map(hash) }).finish()
  const vote = seal(to, 'Poll Vote', plain)
  return { pollUpdateMessage: { pollCreationMessageKey: target, vote, senderTimestampMs: Date.now() } }
}

export const sealResponse = (to: Seal, answer: EventAnswer, target: proto.IMessageKey): proto.IMessage => {
  const response = responses.find(([word]) => word === answer)?.[1] ?? EventResponseType.UNKNOWN
  const plain = proto.Message.EventResponseMessage.encode({ response, timestampMs: Date.now() }).finish()
  return { encEventResponseMessage: { eventCreationMessageKey: target, ...seal(to, 'Event Response', plain) } }
}

/** What the vote or the answer in `message` says; undefined when no pair of names opens it. */
export const openAnswer = (
  message: proto.IMessage,
  original: proto.IMessage,
  authors: string[],
  answerers: string[],
): { vote: string[] } | { response: EventAnswer | 'unknown' } | undefined => {
  const { pollUpdateMessage: update, encEventResponseMessage: response } = message
  const id = (update?.pollCreationMessageKey ?? response?.eventCreationMessageKey)?.id ?? ''
  const secret = original.messageContextInfo?.messageSecret ?? new Uint8Array(32)
  for (const author of authors) {
    for (const answerer of answerers) {
      try {
        if (update?.vote) {
          const names = { pollCreatorJid: author, pollMsgId: id, pollEncKey: secret, voterJid: answerer }
          const chosen = decryptPollVote(update.vote, names).selectedOptions ?? []
          return { vote: optionsOf(original).filter((one) => chosen.some((other) => hash(one).equals(other))) }
        }
        if (response) {
          const names = { eventCreatorJid: author, eventMsgId: id, eventEncKey: secret, responderJid: answerer }
          const said = decryptEventResponse(response, names).response
          return { response: responses.find(([, type]) => type === said)?.[0] ?? 'unknown' }
        }
      } catch {
        // Sealed under other names.
      }
    }
  }
  return undefined
}
