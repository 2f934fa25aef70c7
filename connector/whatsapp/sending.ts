// What goes out: each act takes the message id that was chosen before, so that an echo or a second try is recognised.
import {
  generateWAMessageFromContent,
  hmacSign,
  proto,
  type AnyMessageContent,
  type WASocket,
} from '@whiskeysockets/baileys'
import type { PlainContent } from '../../shared/model/content.ts'
import { isPersonJid, phoneOf, toBareJid } from '../../shared/model/jid.ts'
import type { EventAnswer } from '../../shared/model/planned-event.ts'
import { sealResponse, sealVote } from './answers.ts'
import { toMediaMessage, type ReadyMedia } from './media-message.ts'
import { toKey, type MessageRef } from './message-ref.ts'
import { toBaileys, toForwarded } from './out-content.ts'
import type { KnownNumbers } from './known-numbers.ts'

export type Quoted = { ref: MessageRef; raw?: Uint8Array; text?: string }

export type Extras = {
  quoted?: Quoted | undefined
  ephemeralSeconds?: number | undefined
  /** Of a story: who may see it. */
  viewers?: readonly string[] | undefined
}

export type SendOutcome = { outcome: 'sent'; raw: Uint8Array } | { outcome: 'not_on_whatsapp' }

export type Sending = ReturnType<typeof createSending>

export function createSending(sock: WASocket, isKnown: (jid: string) => boolean, numbers: KnownNumbers) {
  /** A number that WhatsApp does not know takes messages without an error (rc14, observed 2026-11): it is asked first. */
  async function exists(jid: string): Promise<boolean> {
    const phone = phoneOf(jid)
    if (!phone || isKnown(jid)) return true
    return (await numbers.among([phone])).has(phone)
  }

  async function send(
    to: string,
    content: AnyMessageContent,
    messageId: string,
    { quoted, ephemeralSeconds, viewers }: Extras = {},
  ): Promise<SendOutcome> {
    if (isPersonJid(to) && !(await exists(to))) return { outcome: 'not_on_whatsapp' }
    const options = {
      messageId,
      ...(quoted ? { quoted: toQuoted(quoted) } : {}),
      ...(ephemeralSeconds ? { ephemeralExpiration: ephemeralSeconds } : {}),
      // Our own phone is one of those who see it.
      ...(viewers ? { broadcast: true, statusJidList: [...viewers, toBareJid(sock.user?.id ?? '')] } : {}),
    }
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

  /** Sent again under its id, a message must have the same one. */
  const secretOf = (kind: 'poll' | 'event' | 'media', messageId: string) =>
    hmacSign(Buffer.from(`${kind} ${messageId}`), sock.authState.creds.signedIdentityKey.private)

  /** Names are given in the form in which the chat is addressed (*assumed*: what the other side takes for ours). */
  function sealOf(target: MessageRef, raw: Uint8Array) {
    const { id = '', lid } = sock.user ?? {}
    const mine = toBareJid(phoneOf(target.participant ?? target.chat) === undefined && lid ? lid : id)
    const author = target.fromMe ? mine : (target.participant ?? target.chat)
    return { key: toKey(target), raw, author, answerer: mine }
  }

  const answer = async (target: MessageRef, messageId: string, sealed: proto.IMessage | undefined) =>
    sealed && relay(target.chat, sealed, messageId)

  /** What Baileys has no word for. */
  async function relay(
    to: string,
    content: proto.IMessage,
    messageId: string,
    ephemeralSeconds?: number,
  ): Promise<SendOutcome> {
    if (isPersonJid(to) && !(await exists(to))) return { outcome: 'not_on_whatsapp' }
    const userJid = toBareJid(sock.user?.id ?? '')
    const { message } = generateWAMessageFromContent(to, content, {
      userJid,
      messageId,
      ...(ephemeralSeconds ? { ephemeralExpiration: ephemeralSeconds } : {}),
    })
    if (!message) throw new Error('a message without content')
    await sock.relayMessage(to, message, { messageId })
    return { outcome: 'sent', raw: proto.Message.encode(message).finish() }
  }

  /** Built here, not by Baileys: its file is at WhatsApp already, and it must be the same message when it is sent again. */
  async function sendMedia(to: string, messageId: string, ready: ReadyMedia, extras: Extras): Promise<SendOutcome> {
    if (isPersonJid(to) && !(await exists(to))) return { outcome: 'not_on_whatsapp' }
    const { quoted, ephemeralSeconds } = extras
    const { message } = generateWAMessageFromContent(to, toMediaMessage(ready, secretOf('media', messageId)), {
      userJid: toBareJid(sock.user?.id ?? ''),
      messageId,
      ...(quoted ? { quoted: toQuoted(quoted) } : {}),
      ...(ephemeralSeconds ? { ephemeralExpiration: ephemeralSeconds } : {}),
    })
    if (!message) throw new Error('a message without content')
    await sock.relayMessage(to, message, { messageId })
    return { outcome: 'sent', raw: proto.Message.encode(message).finish() }
  }

  return {
    media: sendMedia,
    message: (to: string, messageId: string, content: PlainContent, extras: Extras = {}): Promise<SendOutcome> =>
      send(to, toBaileys(content, messageId, secretOf), messageId, extras),
    /** `original`: as WhatsApp knows it, or a plain text. */
    forward: (
      to: string,
      messageId: string,
      original: Uint8Array | string,
      { isOwn, ephemeralSeconds }: { isOwn: boolean; ephemeralSeconds?: number | undefined },
    ) => relay(to, toForwarded(original, isOwn), messageId, ephemeralSeconds),
    /** `undefined`: the secret of what it answers is not known. */
    vote: (target: MessageRef, raw: Uint8Array, messageId: string, options: readonly string[]) =>
      answer(target, messageId, sealVote(sealOf(target, raw), options)),
    respond: (target: MessageRef, raw: Uint8Array, messageId: string, words: EventAnswer) =>
      answer(target, messageId, sealResponse(sealOf(target, raw), words)),
    edit: (target: MessageRef, messageId: string, text: string) =>
      send(target.chat, { text, linkPreview: null, edit: toKey(target) }, messageId),
    revoke: (target: MessageRef, messageId: string) => send(target.chat, { delete: toKey(target) }, messageId),
    react: (target: MessageRef, messageId: string, emoji: string) =>
      send(target.chat, { react: { text: emoji, key: toKey(target) } }, messageId),
    /** Pins a message for everybody in its chat, for so long; 0 takes the pin off. */
    pin: (target: MessageRef, messageId: string, seconds: number) => {
      const { PIN_FOR_ALL, UNPIN_FOR_ALL } = proto.PinInChat.Type
      const type = seconds === 0 ? UNPIN_FOR_ALL : PIN_FOR_ALL
      // Baileys' type names the three times that the apps offer; ours are those.
      const time = (seconds || undefined) as 86_400 | 604_800 | 2_592_000 | undefined
      return send(target.chat, { pin: toKey(target), type, time }, messageId)
    },
    markRead: (refs: MessageRef[]) => sock.readMessages(refs.map(toKey)),
    typing: (chat: string, state: 'composing' | 'recording' | 'paused') => sock.sendPresenceUpdate(state, chat),
    presence: (state: 'available' | 'unavailable') => sock.sendPresenceUpdate(state),
    subscribePresence: (chat: string) => sock.presenceSubscribe(chat),
  }
}
