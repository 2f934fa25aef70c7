// Every Baileys event is decided here: handled, or ignored on purpose. A new event does not compile until it is.
import { proto, type BaileysEventMap, type Chat, type Contact, type WAMessage } from '@whiskeysockets/baileys'
import { createGrowingCache } from '../growing-cache.ts'
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
    const activity = Number(chat.conversationTimestamp ?? 0)
    return {
      jids,
      ...(chat.name ? { name: chat.name } : {}),
      ...(typeof chat.archived === 'boolean' ? { archived: chat.archived } : {}),
      ...(chat.pinned === undefined ? {} : { pinned: Boolean(chat.pinned) }),
      ...(activity > 0 ? { lastActivity: new Date(activity * 1000) } : {}),
    }
  }
  const contactFact = (contact: Partial<Contact>): ContactFact | undefined => {
    const jids = identities.jidsOf(contact.id, contact.phoneNumber ?? contact.lid)
    if (!jids || !/@(s\.whatsapp\.net|lid)$/.test(jids[0])) return undefined
    return {
      jids,
      ...(contact.name ? { name: contact.name } : {}),
      ...(contact.notify ? { notify: contact.notify } : {}),
      ...(contact.verifiedName ? { verifiedName: contact.verifiedName } : {}),
    }
  }
  /** rc14 repeats a contact's own name with each of its messages (Utils/process-message.js). */
  const isNews = (fact: ContactFact): boolean => {
    const text = JSON.stringify(fact)
    if (lastSaid.get(fact.jids[0]) === text) return false
    lastSaid.set(fact.jids[0], text)
    return true
  }
  const present = <T>(value: T | undefined): value is T => value !== undefined
  const onChats = (chats: Partial<Chat>[]) => {
    // Counters and times come from the messages themselves; of updates only what the phone decides is taken.
    // rc14 sends one with every message, mostly without any of these.
    const facts = chats
      .map(chatFact)
      .filter(present)
      .filter(({ name, archived, pinned }) => name !== undefined || archived !== undefined || pinned !== undefined)
    if (facts.length > 0) tell({ kind: 'chats', chats: facts }, nothing)
  }
  const onContacts = (contacts: Partial<Contact>[]) => {
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
      const pairs = (history.lidPnMappings ?? []).map((pair): ContactFact => ({ jids: [pair.lid, pair.pn] }))
      tell(
        {
          kind: 'history',
          syncType: proto.HistorySync.HistorySyncType[history.syncType ?? 0] ?? 'UNKNOWN',
          ...(typeof history.progress === 'number' ? { progress: history.progress } : {}),
          chats: history.chats.map((chat) => withUnread(chat, chatFact(chat))).filter(present),
          contacts: [...pairs, ...history.contacts.map(contactFact).filter(present)],
          messages: history.messages
            .map(
              (message) =>
                toGroupChange(message, identities, true)?.message ?? toMessageFact(message, identities, true),
            )
            .filter(present),
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
          const lastSeen = presence.lastSeen ? { lastSeen: new Date(presence.lastSeen * 1000) } : {}
          tell({ kind: 'presence', chat, by, state, ...lastSeen }, nothing)
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
    // Statuses come from raw acks and receipts; edits, revokes and reactions from the message that carries them.
    'messages.update': 'ignored',
    'messages.reaction': 'ignored',
    'message-receipt.update': 'ignored',
    'messaging-history.status': 'ignored',
    'messages.delete': 'ignored',
    'message-capping.update': 'ignored',
    'chats.delete': 'ignored',
    'chats.lock': 'ignored',
    'blocklist.set': 'ignored',
    'blocklist.update': 'ignored',
    call: 'ignored',
    'labels.edit': 'ignored',
    'labels.association': 'ignored',
    'newsletter.reaction': 'ignored',
    'newsletter.view': 'ignored',
    'newsletter-participants.update': 'ignored',
    'newsletter-settings.update': 'ignored',
    'settings.update': 'ignored',
  }
}

function withUnread(chat: Partial<Chat>, fact: ChatFact | undefined): ChatFact | undefined {
  return fact && typeof chat.unreadCount === 'number' ? { ...fact, unreadCount: Math.max(0, chat.unreadCount) } : fact
}
