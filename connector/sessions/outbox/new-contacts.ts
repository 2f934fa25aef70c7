// Which messages wait while WhatsApp locks this account's writing to new contacts: those to people who never wrote to us.
import { lightKinds, type Command } from '../../../shared/model/command.ts'
import { isPersonJid } from '../../../shared/model/jid.ts'
import type { Fact } from '../../whatsapp/facts.ts'
import type { RecordContext } from '../record/context.ts'
import type { Outreach } from './outreach.ts'

export type NewContacts = {
  /** Of these what may go now, in their order. Lanes whose messages wait are not asked about again until something changes. */
  mayGo(commands: readonly Command[]): Promise<Command[]>
  /** Whether this message has to wait, also when it was in hand already. */
  isHeld(command: Command): Promise<boolean>
  /** Lanes whose messages wait, in every form of their address. */
  held(): string[]
  /** A fact was stored. `true` when something that waited has to be looked at again. */
  noticed(fact: Fact): boolean
}

export type NewContactsOptions = {
  context: Pick<RecordContext, 'store' | 'sessionId'>
  outreach: Pick<Outreach, 'isLocked'>
  /** Every known form of an address. */
  formsOf: (jid: string) => readonly string[]
  isMe: (jid: string) => boolean
}

/** Lanes that are not asked about again. */
const maxHeard = 20_000

export function createNewContacts({ context, outreach, formsOf, isMe }: NewContactsOptions): NewContacts {
  const { store, sessionId } = context
  const held = new Set<string>()
  /** Lanes that are being asked about; what is noticed meanwhile takes them out. */
  const asking = new Set<string>()
  /** Who has written once is no new contact, for ever; remembered while the lock lasts. */
  const heard = new Set<string>()

  function forgetAll(): void {
    held.clear()
    heard.clear()
  }

  // A revoke or an edit is a message too, and must not overtake the one it is of.
  const isOutreach = ({ kind, lane }: Command) => !lightKinds.includes(kind) && isPersonJid(lane) && !isMe(lane)
  const isExpired = ({ expiresAt }: Command) => expiresAt !== undefined && expiresAt.getTime() <= Date.now()

  /** Of these lanes those from which something was received. */
  async function heardAmong(lanes: readonly string[]): Promise<string[]> {
    const chats = await store.chats.among(sessionId, lanes.flatMap(formsOf))
    const jids = await Promise.all(
      chats.map(async ({ chatId, jids: forms, heard: isHeard, unreadCount }) => {
        // In a chat of two the other one is the chat.
        const has = isHeard ?? (unreadCount > 0 || (await store.messages.anyFrom(sessionId, chatId, chatId)))
        return has ? forms : []
      }),
    )
    const known = new Set(jids.flat())
    return lanes.filter((lane) => formsOf(lane).some((form) => known.has(form)))
  }

  /** Of these lanes those that have to wait. */
  async function waitingAmong(lanes: ReadonlySet<string>): Promise<Set<string>> {
    const waiting = new Set([...lanes].filter((lane) => !heard.has(lane)))
    const unknown = [...waiting].filter((lane) => !held.has(lane))
    if (unknown.length === 0) return waiting
    for (const lane of unknown) asking.add(lane)
    try {
      if (heard.size > maxHeard) heard.clear()
      for (const lane of await heardAmong(unknown)) {
        heard.add(lane)
        waiting.delete(lane)
      }
      for (const lane of unknown) if (waiting.has(lane) && asking.has(lane)) held.add(lane)
    } finally {
      for (const lane of unknown) asking.delete(lane)
    }
    return waiting
  }

  function lookAgain(jids: readonly string[]): boolean {
    const forms = new Set(jids.flatMap(formsOf))
    let found = false
    for (const lanes of [held, asking])
      for (const lane of lanes) if (formsOf(lane).some((form) => forms.has(form))) found = lanes.delete(lane) || found
    return found
  }

  return {
    async mayGo(commands) {
      if (!outreach.isLocked()) return [...commands]
      // What was in hand is settled first, and what has expired is ended.
      const asked = commands.filter((one) => one.state === 'queued' && isOutreach(one) && !isExpired(one))
      const waiting = await waitingAmong(new Set(asked.map(({ lane }) => lane)))
      const stays = new Set(asked.filter(({ lane }) => waiting.has(lane)))
      return commands.filter((one) => !stays.has(one))
    },
    async isHeld(command) {
      if (!outreach.isLocked() || !isOutreach(command)) return false
      return (await waitingAmong(new Set([command.lane]))).has(command.lane)
    },
    held() {
      if (!outreach.isLocked()) forgetAll()
      return [...held].flatMap(formsOf)
    },
    noticed(fact) {
      if (held.size + asking.size === 0) return false
      return lookAgain(whoWasHeard(fact))
    },
  }
}

/** Whose chats may have become known by it: somebody wrote, or two addresses turned out to be one person's. */
function whoWasHeard(fact: Fact): readonly string[] {
  switch (fact.kind) {
    case 'message':
      return fact.sender === 'me' ? [] : fact.chat
    case 'reaction':
    case 'answer':
      return fact.by === 'me' ? [] : fact.target.chat
    case 'contacts':
      return fact.contacts.filter(({ jids }) => jids.length > 1).flatMap(({ jids }) => jids)
    case 'history':
      return [
        ...fact.messages.map(({ chat }) => chat),
        ...[...fact.chats, ...fact.contacts].map(({ jids }) => jids),
      ].flat()
    case 'edit':
    case 'revoke':
    case 'ack':
    case 'receipt':
    case 'chat-read':
    case 'account':
    case 'mark':
    case 'chats':
    case 'channels':
    case 'channel-change':
    case 'post-counts':
    case 'group-state':
    case 'group-change':
    case 'presence':
    case 'typing':
      return []
  }
}
