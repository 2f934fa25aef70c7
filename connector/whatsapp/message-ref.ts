// A message of a chat, as WhatsApp addresses it.
import type { WAMessageKey } from '@whiskeysockets/baileys'

export type MessageRef = { chat: string; messageId: string; fromMe: boolean; participant?: string }

export const toKey = (ref: MessageRef): WAMessageKey => ({
  remoteJid: ref.chat,
  id: ref.messageId,
  fromMe: ref.fromMe,
  ...(ref.participant ? { participant: ref.participant } : {}),
})
