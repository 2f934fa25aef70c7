// What a WhatsApp message says, in our words. What we do not know yet arrives as `unknown` with its kind named.
import { getContentType, normalizeMessageContent, proto, type WAMessage } from '@whiskeysockets/baileys'
import { toPast } from './bounds.ts'
import { contextOf, isViewOnce, toKnown, toLinkPreview } from './content-kinds.ts'
import { toMedia } from './media-content.ts'
import type { MessageContent } from './facts.ts'

type Content = proto.IMessage

/** Of a text or a caption; WhatsApp's apps send no more. */
const longestText = 65_536
/** What is larger is shown, but cannot be quoted, sent on or fetched, bytes. */
const largestRaw = 1_048_576

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
  const shown = toContent(content, type)
  const text = shown.text === undefined ? {} : { text: shown.text.slice(0, longestText) }
  const raw = toRaw(message, content)
  return { ...shown, ...text, ...once, ...(raw.byteLength <= largestRaw ? { raw } : {}) }
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
  const text =
    content?.conversation ??
    content?.extendedTextMessage?.text ??
    content?.imageMessage?.caption ??
    content?.videoMessage?.caption
  return text?.slice(0, longestText)
}

/** Seconds as number, Long or text → Date. */
export function toInstant(seconds: WAMessage['messageTimestamp'] | string): Date {
  return toPast(Number(seconds ?? 0) * 1_000, new Date())
}
