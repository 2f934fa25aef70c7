// What a WhatsApp message says, in our words. What we do not know yet arrives as `unknown` with its kind named.
import { getContentType, normalizeMessageContent, proto, type WAMessage } from '@whiskeysockets/baileys'
import { toBareJid } from '../../shared/model/jid.ts'
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
  if (!content) return undefined
  const type =
    getContentType(content) ??
    Object.keys(content).find((key) => !carriers.has(key) && content[key as keyof Content] != null)
  if (!type || carriers.has(type)) return undefined
  const raw = proto.Message.encode(content).finish()
  if (type === 'conversation') return { type: 'text', text: content.conversation ?? '', raw }
  if (type === 'extendedTextMessage') {
    const extended = content.extendedTextMessage
    return { type: 'text', text: extended?.text ?? '', ...contextOf(extended?.contextInfo), raw }
  }
  const part = content[type as keyof Content] as
    | { caption?: string | null; contextInfo?: proto.IContextInfo | null }
    | undefined
  const caption = typeof part?.caption === 'string' && part.caption !== '' ? { text: part.caption } : {}
  return { type: 'unknown', kind: type, ...caption, ...contextOf(part?.contextInfo), raw }
}

function contextOf(
  context: proto.IContextInfo | null | undefined,
): Pick<MessageContent, 'mentions' | 'quotedMessageId'> {
  return {
    ...(context?.mentionedJid?.length ? { mentions: context.mentionedJid.map(toBareJid) } : {}),
    ...(context?.stanzaId ? { quotedMessageId: context.stanzaId } : {}),
  }
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
