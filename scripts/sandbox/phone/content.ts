// Between a message's protobuf and the few words in which the door speaks of it.
import { proto } from '@whiskeysockets/baileys'
import type { MessageKind } from '../records.ts'

export type Wish =
  | { kind: 'text'; text: string; quoted?: { messageId: string; author: string; content: Buffer } }
  | { kind: 'reaction'; emoji: string; target: proto.IMessageKey }
  | { kind: 'edit'; text: string; target: proto.IMessageKey }
  | { kind: 'revoke'; target: proto.IMessageKey }

export type Description = { kind: MessageKind; text: string; targetId?: string; quotedMessageId?: string }

const { Type } = proto.Message.ProtocolMessage

export const buildMessage = (wish: Wish): proto.IMessage => {
  switch (wish.kind) {
    case 'text': {
      const { quoted } = wish
      if (!quoted) return { conversation: wish.text }
      const contextInfo = {
        stanzaId: quoted.messageId,
        participant: quoted.author,
        quotedMessage: proto.Message.decode(quoted.content),
      }
      return { extendedTextMessage: { text: wish.text, contextInfo } }
    }
    case 'reaction':
      return { reactionMessage: { key: wish.target, text: wish.emoji, senderTimestampMs: Date.now() } }
    case 'edit':
      return {
        protocolMessage: {
          key: wish.target,
          type: Type.MESSAGE_EDIT,
          editedMessage: { conversation: wish.text },
          timestampMs: Date.now(),
        },
      }
    case 'revoke':
      return { protocolMessage: { key: wish.target, type: Type.REVOKE } }
  }
}

/** The `type` and `edit` attributes that a stanza with such a message carries. */
export const stanzaAttributes = (kind: MessageKind): { type: string; edit?: string } => {
  if (kind === 'reaction') return { type: 'reaction' }
  if (kind === 'edit') return { type: 'text', edit: '1' }
  if (kind === 'revoke') return { type: 'text', edit: '7' }
  return { type: 'text' }
}

const textOf = (message: proto.IMessage | null | undefined): string =>
  message?.conversation ??
  message?.extendedTextMessage?.text ??
  message?.imageMessage?.caption ??
  message?.videoMessage?.caption ??
  message?.documentMessage?.caption ??
  ''

const unwrap = (message: proto.IMessage): proto.IMessage =>
  message.ephemeralMessage?.message ?? message.viewOnceMessage?.message ?? message.editedMessage?.message ?? message

export const describeMessage = (wrapped: proto.IMessage): Description => {
  const message = unwrap(wrapped)
  const { reactionMessage: reaction, protocolMessage: protocol } = message
  if (reaction) return { kind: 'reaction', text: reaction.text ?? '', ...target(reaction.key) }
  if (protocol?.type === Type.MESSAGE_EDIT) {
    return { kind: 'edit', text: textOf(protocol.editedMessage), ...target(protocol.key) }
  }
  if (protocol?.type === Type.REVOKE && protocol.key) return { kind: 'revoke', text: '', ...target(protocol.key) }
  const quotedMessageId = message.extendedTextMessage?.contextInfo?.stanzaId
  const text = textOf(message)
  const isText = message.conversation != null || message.extendedTextMessage != null
  return { kind: isText ? 'text' : 'other', text, ...(quotedMessageId ? { quotedMessageId } : {}) }
}

const target = (key: proto.IMessageKey | null | undefined): { targetId?: string } =>
  key?.id ? { targetId: key.id } : {}
