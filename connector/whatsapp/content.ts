// What a WhatsApp message says, in our words. What we do not know yet arrives as `unknown` with its kind named.
import { getContentType, normalizeMessageContent, proto, type WAMessage } from '@whiskeysockets/baileys'
import { contextOf, isViewOnce, toKnown, toLinkPreview } from './content-kinds.ts'
import { toMedia } from './media-content.ts'
import type { MessageContent } from './facts.ts'

type Content = proto.IMessage

/** Parts of a message that carry no content of their own. */
const carriers = new Set([
  'senderKeyDistributionMessage',
  'messageContextInfo',
  'fastRatchetKeySenderKeyDistributionMessage',
])

/** `undefined` for stanzas that are no message to anybody: key distributions, empty carriers. */
export function parseContent(message: Content | null | undefined): MessageContent | undefined {
  const content = normalizeMessageContent(message ?? undefined)
  if (!message || !content) return undefined
  const type =
    getContentType(content) ??
    Object.keys(content).find((key) => !carriers.has(key) && content[key as keyof Content] != null)
  if (!type || carriers.has(type)) return undefined
  const once = isViewOnce(message) ? { viewOnce: true } : {}
  return { ...toContent(content, type), ...once, raw: toRaw(message, content) }
}

function toContent(content: Content, type: string): MessageContent {
  if (type === 'conversation') return { type: 'text', text: content.conversation ?? '' }
  const { extendedTextMessage: extended } = content
  if (type === 'extendedTextMessage' && extended)
    return { type: 'text', text: extended.text ?? '', ...toLinkPreview(extended), ...contextOf(extended.contextInfo) }
  const known = toKnown(content)
  if (known) return known
  const media = toMedia(content)
  if (media) {
    const { context, ...file } = media
    return { ...file, ...contextOf(context) }
  }
  const part = content[type as keyof Content] as
    | { caption?: string | null; contextInfo?: proto.IContextInfo | null }
    | undefined
  const caption = typeof part?.caption === 'string' && part.caption !== '' ? { text: part.caption } : {}
  return { type: 'unknown', kind: type, ...caption, ...contextOf(part?.contextInfo) }
}

/** The secret that answers are sealed with may stand outside a wrapper; it is kept with what it is for. */
function toRaw(message: Content, content: Content): Uint8Array {
  const messageContextInfo = content.messageContextInfo ?? message.messageContextInfo
  return proto.Message.encode({ ...content, ...(messageContextInfo ? { messageContextInfo } : {}) }).finish()
}

/** Text of an edit, wherever the client put it. */
export function editedText(edited: Content | null | undefined): string | undefined {
  const content = normalizeMessageContent(edited ?? undefined)
  return (
    content?.conversation ??
    content?.extendedTextMessage?.text ??
    content?.imageMessage?.caption ??
    content?.videoMessage?.caption ??
    undefined
  )
}

/** Seconds as number, Long or text → Date. */
export function toInstant(seconds: WAMessage['messageTimestamp']): Date {
  const value = Number(seconds ?? 0)
  return new Date(Number.isFinite(value) && value > 0 ? value * 1000 : Date.now())
}
