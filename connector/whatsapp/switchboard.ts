// Every Baileys event is decided here: handled, or ignored on purpose. A new event does not compile until it is.
import {
  proto,
  type BaileysEventMap,
  type Chat,
  type Contact,
  type WAMessage,
  type WAMessageKey,
} from '@whiskeysockets/baileys'
import { channelRoles } from '../../shared/model/channel.ts'
import { mutedForEver } from '../../shared/model/chat.ts'
import { isChannelJid } from '../../shared/model/jid.ts'
import { createGrowingCache } from '../growing-cache.ts'
import type { AccountChange } from './account-facts.ts'
import { isMessageId, toName, toTime } from './bounds.ts'
import { toCallChange } from './calls.ts'
import { isServerId, toCount, toSettings } from './channel-facts.ts'
import type { ChatFact, ContactFact, Fact } from './facts.ts'
import { toGroupChange, toGroupState } from './group-facts.ts'
import type { Identities } from './identities.ts'
import { historyChunkKey, protocolConsequence, toFact, toMessageFact } from './message-facts.ts'
import { toMessageKeyText, type Journal } from './keys/journal.ts'

type Switchboard = { [K in keyof BaileysEventMap]: ((data: BaileysEventMap[K]) => void) | 'ignored' }

export type SwitchboardOptions = {
  identities: Identities
  journal: Journal
  /** Facts go on in the order they are told; `stored` is called once the consequence is durable. */
  tell: (fact: Fact, stored: () => void) => void
  onConnectionUpdate: (update: BaileysEventMap['connection.update']) => void
  onCredsUpdate: () => void
  onMediaUpdate: (updates: BaileysEventMap['messages.media-update']) => void
  /** Calls back once the key share's keys are stored. */
  afterKeyShare: (done: () => void) => void
  /** Told at once, before it is recorded. */
  onGroupChange: (fact: Extract<Fact, { kind: 'group-change' }>) => void
  willProcessHistory: (syncType: number | null | undefined) => boolean
  /** Runs one message's handling; a failure is logged and costs no other message anything. */
  guarded: (handle: () => void) => void
}

export function createSwitchboard(options: SwitchboardOptions): Switchboard {
  const { identities, journal, tell } = options
  const nothing = () => undefined
  /** Stanzas that are done once their history chunk is stored. */
  const waitingChunks = new Map<string, string[]>()
  /** What was told last of a contact. */
  const lastSaid = createGrowingCache<string>(5_000)

  function onMessage(message: WAMessage): void {
    const key = toMessageKeyText(message.key)
    const done = () => journal.finish(key)
    const consequence = protocolConsequence(message)
    if (consequence === 'key-share') return options.afterKeyShare(done)
    if (consequence) {
      const syncType = message.message?.protocolMessage?.historySyncNotification?.syncType
      if (!options.willProcessHistory(syncType)) return done()
      waitingChunks.set(consequence.history, [...(waitingChunks.get(consequence.history) ?? []), key])
      return
    }
    const change = toGroupChange(message, identities)
    if (change) {
      options.onGroupChange(change)
      return tell(change, done)
    }
    const fact = toFact(message, identities)
    if (fact) tell(fact, done)
    else done()
  }

  const chatFact = (chat: Partial<Chat>): ChatFact | undefined => {
    const jids = identities.jidsOf(chat.id, (chat as { pnJid?: string }).pnJid ?? (chat as { lidJid?: string }).lidJid)
    if (!jids) return undefined
    // A decoded protobuf has null for what was not sent, in its prototype; in an update null stands for what was taken away.
    const said: Partial<Chat> = { ...chat }
    const lastActivity = toTime(Number(chat.conversationTimestamp ?? 0) * 1_000)
    const name = toName(chat.name)
    return {
      jids,
      ...(name ? { name } : {}),
      ...(typeof chat.archived === 'boolean' ? { archived: chat.archived } : {}),
      ...(said.pinned === undefined ? {} : { pinned: Boolean(said.pinned) }),
      ...toMuted(said.muteEndTime),
      ...toMarked(chat.unreadCount),
      ...(typeof said.ephemeralExpiration === 'number' ? { ephemeralSeconds: said.ephemeralExpiration } : {}),
      ...(said.ephemeralExpiration === null ? { ephemeralSeconds: 0 } : {}),
      ...(lastActivity ? { lastActivity } : {}),
    }
  }
  const contactFact = (contact: Partial<Contact>): ContactFact | undefined => {
    const jids = identities.jidsOf(contact.id, contact.phoneNumber ?? contact.lid)
    if (!jids || !/@(s\.whatsapp\.net|lid)$/.test(jids[0])) return undefined
    const [name, notify, verifiedName] = [contact.name, contact.notify, contact.verifiedName].map(toName)
    return {
      jids,
      ...(name ? { name } : {}),
      ...(notify ? { notify } : {}),
      ...(verifiedName ? { verifiedName } : {}),
    }
  }
  /** rc14 repeats a contact's own name with each of its messages (Utils/process-message.js). */
  const isNews = (fact: ContactFact): boolean => {
    const text = JSON.stringify(fact)
    if (lastSaid.get(fact.jids[0]) === text) return false
    lastSaid.set(fact.jids[0], text)
    return true
  }
  const tellAccount = (what: AccountChange) => tell({ kind: 'account', what }, nothing)
  const ownCopy = (key: WAMessageKey) => {
    const chat = identities.jidsOf(key.remoteJid, key.remoteJidAlt)
    return chat && key.id ? { chat, messageId: key.id, fromMe: key.fromMe === true } : undefined
  }
  const present = <T>(value: T | undefined): value is T => value !== undefined
  const onChats = (chats: Partial<Chat>[]) => {
    // Counters and times come from the messages themselves; of updates only what the phone decides is taken.
    // rc14 sends one with every message, mostly without any of these. After how long messages disappear is taken from
    // the message that says so, which stays in the journal until it is stored.
    const facts = chats
      .map(chatFact)
      .filter(present)
      .map(({ ephemeralSeconds: _told, ...fact }) => fact)
      .filter(({ jids: _jids, lastActivity: _lastActivity, ...decided }) => Object.keys(decided).length > 0)
    if (facts.length > 0) tell({ kind: 'chats', chats: facts }, nothing)
  }
  const onContacts = (contacts: Partial<Contact>[]) => {
    for (const { id, imgUrl } of contacts) {
      const who = imgUrl === undefined ? undefined : identities.jidsOf(id)
      if (who) tellAccount({ change: 'picture', who, removed: imgUrl === 'removed' })
    }
    const facts = contacts.map(contactFact).filter(present).filter(isNews)
    if (facts.length > 0) tell({ kind: 'contacts', contacts: facts }, nothing)
  }

  return {
    'connection.update': options.onConnectionUpdate,
    'creds.update': options.onCredsUpdate,
    'messages.upsert': ({ messages }) => {
      for (const message of messages) options.guarded(() => onMessage(message))
    },
    'messaging-history.set': (history) => {
      const chunk = historyChunkKey(history.syncType, history.chunkOrder)
      const keys = waitingChunks.get(chunk) ?? []
      waitingChunks.delete(chunk)
      /** One broken row must not take the chunk along. */
      const each = <T, R>(rows: readonly T[], convert: (row: T) => R | undefined): R[] => {
        const facts: R[] = []
        for (const row of rows)
          options.guarded(() => {
            const fact = convert(row)
            if (fact !== undefined) facts.push(fact)
          })
        return facts
      }
      const pairs = each(history.lidPnMappings ?? [], ({ lid, pn }): ContactFact | undefined => {
        const jids = identities.jidsOf(lid, pn)
        return jids && { jids }
      })
      tell(
        {
          kind: 'history',
          syncType: proto.HistorySync.HistorySyncType[history.syncType ?? 0] ?? 'UNKNOWN',
          ...(typeof history.progress === 'number' ? { progress: history.progress } : {}),
          // What is asked for are messages: what the phone leaves out of a chat then says nothing of it.
          chats: isAsked(history.syncType) ? [] : each(history.chats, (chat) => withUnread(chat, chatFact(chat))),
          contacts: [...pairs, ...each(history.contacts, contactFact)],
          messages: each(
            history.messages,
            (message) => toGroupChange(message, identities, true)?.message ?? toMessageFact(message, identities, true),
          ),
        },
        () => keys.forEach((key) => journal.finish(key)),
      )
    },
    'messages.media-update': options.onMediaUpdate,
    'chats.upsert': onChats,
    'chats.update': onChats,
    'contacts.upsert': onContacts,
    'contacts.update': onContacts,
    'lid-mapping.update': ({ lid, pn }) => {
      const jids = identities.jidsOf(lid, pn)
      if (jids) tell({ kind: 'contacts', contacts: [{ jids }] }, nothing)
    },
    'presence.update': ({ id, presences }) => {
      const chat = identities.jidsOf(id)
      for (const [jid, presence] of Object.entries(presences)) {
        const by = identities.jidsOf(jid)
        if (!chat || !by) continue
        const state = presence.lastKnownPresence
        if (state === 'composing' || state === 'recording') tell({ kind: 'typing', chat, by, state }, nothing)
        else if (state === 'paused') tell({ kind: 'typing', chat, by, state: 'paused' }, nothing)
        else {
          const lastSeen = toTime((presence.lastSeen ?? 0) * 1_000)
          tell({ kind: 'presence', chat, by, state, ...(lastSeen ? { lastSeen } : {}) }, nothing)
        }
      }
    },
    'groups.upsert': (groups) => {
      tell({ kind: 'group-state', groups: groups.map((one) => toGroupState(one, identities)), isAll: false }, nothing)
    },
    // What happens to a group comes from the lines in its chat, see `group-facts.ts`.
    'groups.update': 'ignored',
    'group-participants.update': 'ignored',
    'group.join-request': 'ignored',
    // A word that members put beside their own names: nothing we show.
    'group.member-tag.update': 'ignored',
    // Of these only the star: statuses come from raw acks and receipts, edits and revokes from the message that carries them.
    'messages.update': (updates) => {
      for (const { key, update } of updates) {
        const target = typeof update.starred === 'boolean' ? ownCopy(key) : undefined
        if (target) tellAccount({ change: 'star', target, starred: update.starred === true })
      }
    },
    'messages.reaction': 'ignored',
    'message-receipt.update': 'ignored',
    'messaging-history.status': 'ignored',
    // A whole chat's messages are never told this way (rc14).
    'messages.delete': (told) => {
      for (const target of 'keys' in told ? told.keys.map(ownCopy).filter(present) : [])
        tellAccount({ change: 'message-hidden', target })
    },
    'message-capping.update': 'ignored',
    // Told by the patch itself, which says up to when (app-state.ts).
    'chats.delete': 'ignored',
    'chats.lock': ({ id, locked }) => {
      const jids = identities.jidsOf(id)
      if (jids) tell({ kind: 'chats', chats: [{ jids, locked }] }, nothing)
    },
    // Never told by rc14; asked for when the connection opens (connection.ts).
    'blocklist.set': 'ignored',
    'blocklist.update': ({ blocklist, type }) => {
      for (const who of blocklist.map((jid) => identities.jidsOf(jid)).filter(present))
        tellAccount({ change: 'blocked', who, blocked: type === 'add' })
    },
    call: (calls) => {
      for (const what of calls.map((call) => toCallChange(call, identities)).filter(present)) tellAccount(what)
    },
    'labels.edit': ({ id: labelId, name, color, deleted }) =>
      tellAccount({
        change: 'label',
        labelId,
        ...(name ? { name } : {}),
        ...(typeof color === 'number' ? { color } : {}),
        deleted,
      }),
    'labels.association': ({ association, type }) => {
      const { chatId, labelId } = association
      const chat = identities.jidsOf(chatId)
      const of = { chat, labelId, labeled: type === 'add' }
      if (chat && !('messageId' in association)) tellAccount({ ...of, chat, change: 'chat-label' })
      else if (chat && 'messageId' in association && isMessageId(association.messageId))
        tellAccount({ ...of, chat, change: 'message-label', messageId: association.messageId })
    },
    // That one came, not how many there are: those are read from the raw notices (channel-facts.ts), as is all the rest.
    'newsletter.reaction': 'ignored',
    'newsletter.view': ({ id, server_id: serverId, count }) => {
      const views = toCount(count)
      if (isChannelJid(id) && isServerId(serverId) && views !== undefined)
        tell({ kind: 'post-counts', channelId: id, posts: [{ serverId, views }] }, nothing)
    },
    'newsletter-participants.update': ({ id, user, new_role }) => {
      const role = channelRoles.find((one) => one === new_role.toLowerCase())
      if (isChannelJid(id) && role && identities.isMe(user))
        tell({ kind: 'channel-change', channelId: id, change: { role } }, nothing)
    },
    'newsletter-settings.update': ({ id, update }) => {
      const change = toSettings(update)
      if (isChannelJid(id) && change) tell({ kind: 'channel-change', channelId: id, change }, nothing)
    },
    // How the phone's own app looks and backs up; nothing here depends on it.
    'settings.update': 'ignored',
  }
}

function withUnread(chat: Partial<Chat>, fact: ChatFact | undefined): ChatFact | undefined {
  return fact && typeof chat.unreadCount === 'number' ? { ...fact, unreadCount: Math.max(0, chat.unreadCount) } : fact
}

/** Milliseconds from app state, seconds from a history; below zero = without an end. */
const isAsked = (syncType: number | null | undefined) => syncType === proto.HistorySync.HistorySyncType.ON_DEMAND

function toMuted(end: unknown): { mutedUntil?: Date | null } {
  if (end === null) return { mutedUntil: null }
  if (end === undefined) return {}
  const value = Number(end)
  if (!Number.isFinite(value) || value === 0) return {}
  if (value < 0) return { mutedUntil: mutedForEver }
  const at = new Date(value < 1e11 ? value * 1_000 : value)
  return { mutedUntil: at < mutedForEver ? at : mutedForEver }
}

/** App state says 0 or -1; what messages add to the counter is counted where they are stored (rc14). */
function toMarked(unreadCount: number | null | undefined): { markedUnread?: boolean } {
  if (unreadCount === -1) return { markedUnread: true }
  return unreadCount === 0 ? { markedUnread: false } : {}
}
