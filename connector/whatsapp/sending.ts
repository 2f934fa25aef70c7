// What goes out: each act takes the message id that was chosen before, so that an echo or a second try is recognised.
import {
  generateWAMessageFromContent,
  hmacSign,
  proto,
  type AnyMessageContent,
  type WAMessageKey,
  type WASocket,
} from '@whiskeysockets/baileys'
import type { OutContent } from '../../shared/model/content.ts'
import { isPersonJid, phoneOf, toBareJid } from '../../shared/model/jid.ts'
import { toVcard } from '../../shared/model/vcard.ts'

/** A message of a chat, as WhatsApp addresses it. */
export type MessageRef = { chat: string; messageId: string; fromMe: boolean; participant?: string }
export type Quoted = { ref: MessageRef; raw?: Uint8Array; text?: string }

export type SendOutcome = { outcome: 'sent'; raw: Uint8Array } | { outcome: 'not_on_whatsapp' }

export type Sending = ReturnType<typeof createSending>

const toKey = (ref: MessageRef): WAMessageKey => ({
  remoteJid: ref.chat,
  id: ref.messageId,
  fromMe: ref.fromMe,
  ...(ref.participant ? { participant: ref.participant } : {}),
})

export function createSending(sock: WASocket, isKnown: (jid: string) => boolean) {
  /** A number that WhatsApp does not know takes messages without an error (rc14, observed 2026-11): it is asked first. */
  async function exists(jid: string): Promise<boolean> {
    const phone = phoneOf(jid)
    if (!phone || isKnown(jid)) return true
    const answers = await sock.onWhatsApp(phone)
    return answers === undefined || answers.some((answer) => answer.exists)
  }

  async function send(
    to: string,
    content: AnyMessageContent,
    messageId: string,
    quoted?: Quoted,
  ): Promise<SendOutcome> {
    if (isPersonJid(to) && !(await exists(to))) return { outcome: 'not_on_whatsapp' }
    const options = quoted ? { messageId, quoted: toQuoted(quoted) } : { messageId }
    const sent = await sock.sendMessage(to, content, options)
    return { outcome: 'sent', raw: sent?.message ? proto.Message.encode(sent.message).finish() : new Uint8Array() }
  }

  function toQuoted(quoted: Quoted) {
    const message = quoted.raw ? proto.Message.decode(quoted.raw) : { conversation: quoted.text ?? '' }
    const userJid = quoted.ref.fromMe ? toBareJid(sock.user?.id ?? '') : (quoted.ref.participant ?? quoted.ref.chat)
    const whole = generateWAMessageFromContent(quoted.ref.chat, message, { userJid, messageId: quoted.ref.messageId })
    whole.key = toKey(quoted.ref)
    return whole
  }

  function toBaileys(content: OutContent, messageId: string): AnyMessageContent {
    switch (content.type) {
      case 'text':
        // linkPreview: null, or a user's text would make Baileys fetch the address in it (rc14, Utils/messages.js).
        return {
          text: content.text,
          linkPreview: null,
          ...(content.mentions ? { mentions: content.mentions } : {}),
        }
      case 'location': {
        const { latitude, longitude, ...words } = content.location
        return { location: { degreesLatitude: latitude, degreesLongitude: longitude, ...words } }
      }
      case 'contacts': {
        const contacts = content.contacts.map((one) => ({ displayName: one.name, vcard: toVcard(one) }))
        return { contacts: { displayName: contacts.map((one) => one.displayName).join(', '), contacts } }
      }
      case 'poll': {
        const { question, options, selectable } = content.poll
        const poll = { name: question, values: options, selectableCount: selectable }
        return { poll: { ...poll, messageSecret: pollSecret(messageId) } }
      }
    }
  }

  /** Votes are sealed with it: sent again under its id, a poll must have the same one. */
  const pollSecret = (messageId: string) =>
    hmacSign(Buffer.from(`poll ${messageId}`), sock.authState.creds.signedIdentityKey.private)

  return {
    message: (to: string, messageId: string, content: OutContent, quoted?: Quoted): Promise<SendOutcome> =>
      send(to, toBaileys(content, messageId), messageId, quoted),
    edit: (target: MessageRef, messageId: string, text: string) =>
      send(target.chat, { text, linkPreview: null, edit: toKey(target) }, messageId),
    revoke: (target: MessageRef, messageId: string) => send(target.chat, { delete: toKey(target) }, messageId),
    react: (target: MessageRef, messageId: string, emoji: string) =>
      send(target.chat, { react: { text: emoji, key: toKey(target) } }, messageId),
    markRead: (refs: MessageRef[]) => sock.readMessages(refs.map(toKey)),
    typing: (chat: string, state: 'composing' | 'recording' | 'paused') => sock.sendPresenceUpdate(state, chat),
    presence: (state: 'available' | 'unavailable') => sock.sendPresenceUpdate(state),
    subscribePresence: (chat: string) => sock.presenceSubscribe(chat),
  }
}
