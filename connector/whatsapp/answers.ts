// Votes and answers to events: sealed with the secret of the message they answer, by the names of its author and of who answers.
import { createHash, randomBytes } from 'node:crypto'
import {
  aesEncryptGCM,
  decryptEventResponse,
  decryptPollVote,
  hmacSign,
  normalizeMessageContent,
  proto,
} from '@whiskeysockets/baileys'
import { EventAnswer } from '../../shared/model/planned-event.ts'
import { longestOption, maxOptions } from './content-kinds.ts'

/** Either form of an address may have been used for the seal (WhiskeySockets/Baileys #2342): all are tried. */
export type Sealed = {
  kind: 'vote' | 'response'
  payload: Uint8Array
  iv: Uint8Array
  messageId: string
  authors: readonly string[]
  answerers: readonly string[]
}
export type Opened = { options: string[] } | { answer: EventAnswer; extraGuests?: number }

const { EventResponseType } = proto.Message.EventResponseMessage
const toType = {
  going: EventResponseType.GOING,
  not_going: EventResponseType.NOT_GOING,
  maybe: EventResponseType.MAYBE,
} satisfies Record<EventAnswer, proto.Message.EventResponseMessage.EventResponseType>
const maxGuests = 1_000

const toShownOption = (option: string) => option.slice(0, longestOption)
const hashOf = (option: string) => createHash('sha256').update(option).digest()

const optionsOf = (message: proto.IMessage): string[] => {
  const poll = message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3
  return (poll?.options ?? []).slice(0, maxOptions).map(({ optionName }) => optionName ?? '')
}

/** `raw`: the message that is answered. `undefined`: it has no secret, or the seal is of another one. */
export function openAnswer(raw: Uint8Array, sealed: Sealed): Opened | undefined {
  const message = proto.Message.decode(raw)
  const secret = message.messageContextInfo?.messageSecret
  if (!secret) return undefined
  for (const author of sealed.authors)
    for (const answerer of sealed.answerers) {
      const opened = openAs(message, secret, sealed, author, answerer)
      if (opened) return opened
    }
  return undefined
}

function openAs(
  message: proto.IMessage,
  secret: Uint8Array,
  { kind, payload: encPayload, iv: encIv, messageId }: Sealed,
  author: string,
  answerer: string,
): Opened | undefined {
  const envelope = { encPayload, encIv }
  try {
    if (kind === 'vote') {
      const names = { pollCreatorJid: author, pollMsgId: messageId, pollEncKey: secret, voterJid: answerer }
      const chosen = (decryptPollVote(envelope, names).selectedOptions ?? []).map((hash) => Buffer.from(hash))
      return {
        options: optionsOf(message)
          .filter((option) => chosen.some((hash) => hash.equals(hashOf(option))))
          .map(toShownOption),
      }
    }
    const names = { eventCreatorJid: author, eventMsgId: messageId, eventEncKey: secret, responderJid: answerer }
    const { response, extraGuestCount } = decryptEventResponse(envelope, names)
    const answer = EventAnswer.options.find((word) => toType[word] === response)
    const extraGuests = Math.min(extraGuestCount ?? 0, maxGuests)
    return answer && { answer, ...(extraGuests > 0 ? { extraGuests } : {}) }
  } catch {
    // The seal is of other names: the next ones are tried.
    return undefined
  }
}

/** Which message is answered, how it is addressed, and who answers it. */
type Seal = { key: proto.IMessageKey; raw: Uint8Array; author: string; answerer: string }

function seal({ key, raw, author, answerer }: Seal, purpose: 'Poll Vote' | 'Event Response', plain: Uint8Array) {
  const secret = proto.Message.decode(raw).messageContextInfo?.messageSecret
  if (!secret) return undefined
  const sign = Buffer.concat([Buffer.from(`${key.id}${author}${answerer}${purpose}`), Buffer.from([1])])
  const sealKey = hmacSign(sign, hmacSign(secret, new Uint8Array(32), 'sha256'), 'sha256')
  const encIv = randomBytes(12)
  return { encPayload: aesEncryptGCM(plain, sealKey, encIv, Buffer.from(`${key.id}\0${answerer}`)), encIv }
}

/** `undefined`: the poll's secret is not known. Options that the poll does not have are left out. */
export function sealVote(of: Seal, options: readonly string[]): proto.IMessage | undefined {
  const standing = optionsOf(normalizeMessageContent(proto.Message.decode(of.raw)) ?? {})
  const selectedOptions = standing.filter((option) => options.includes(toShownOption(option))).map(hashOf)
  const vote = seal(of, 'Poll Vote', proto.Message.PollVoteMessage.encode({ selectedOptions }).finish())
  return vote && { pollUpdateMessage: { pollCreationMessageKey: of.key, vote, senderTimestampMs: Date.now() } }
}

/** `undefined`: the event's secret is not known. */
export function sealResponse(of: Seal, answer: EventAnswer): proto.IMessage | undefined {
  const response = toType[answer]
  const plain = proto.Message.EventResponseMessage.encode({ response, timestampMs: Date.now() }).finish()
  const sealed = seal(of, 'Event Response', plain)
  return sealed && { encEventResponseMessage: { eventCreationMessageKey: of.key, ...sealed } }
}
