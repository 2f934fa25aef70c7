// What a phone hands over of its past, before Baileys looks at it: rc14 throws at the first row that names no message
// (Utils/history.js processHistoryMessage, observed 2026-11), and the whole part with it, again whenever it is replayed.
// It decodes each part with the function that stands here in its place. Imported for this effect.
import { proto } from '@whiskeysockets/baileys'

/** Without the rows that say of no message which one it is: nobody could ask for them either. */
export function withoutNameless(history: proto.HistorySync): proto.HistorySync {
  for (const conversation of history.conversations)
    conversation.messages = (conversation.messages ?? []).filter(({ message }) => message?.key)
  return history
}

const decode = proto.HistorySync.decode.bind(proto.HistorySync)
proto.HistorySync.decode = (reader, length) => withoutNameless(decode(reader, length))

/**
 * Whether a second look at something of our own phone's is as vain as the first one. What may be the network's fault is
 * not: fetch names its reason as the `cause` of a TypeError.
 */
export function isHopeless(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  const { code = '', output, cause } = error as Error & { code?: unknown; output?: { statusCode?: number } }
  if (output?.statusCode !== undefined) return [403, 404, 410].includes(output.statusCode)
  if (/^(Z_|ERR_OSSL_|ERR_CRYPTO_)/.test(String(code))) return true
  // protobufjs' own words for what is none of its messages (8, Reader.skipType and varints).
  if (/^invalid (wire type|varint)/.test(error.message)) return true
  return (error instanceof RangeError || error instanceof TypeError) && cause === undefined
}
