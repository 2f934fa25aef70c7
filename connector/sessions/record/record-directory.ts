// People and chats as the phone knows them, the first history, and what is live only.
import type { EventInput } from '../../../shared/model/event.ts'
import { isDeletedChat, toChatView, type Chat } from '../../../shared/model/chat.ts'
import { LeaseLost } from '../../../shared/store/auth-log.ts'
import { isUnavailable } from '../../../shared/store/client.ts'
import type { ChatFact, ContactFact, Fact, MessageFact } from '../../whatsapp/facts.ts'
import { toFactKey, type RecordContext } from './context.ts'
import { recordEarlyMarks } from './record-marks.ts'
import { recordMessages } from './record-messages.ts'

const historyBatch = 500
const contactBatch = 500

/** Addresses of `other` lead to `keep` from now on. */
export function toMergeEvent(keep: Chat, other: Chat): EventInput {
  const { chatId } = keep
  const aliases = [...new Set([...keep.jids, ...other.jids])].filter((jid) => jid !== chatId)
  return {
    type: 'chat.merged',
    key: toFactKey('chat.merged', chatId, other.chatId),
    data: { chatId, mergedChatId: other.chatId, aliases },
  }
}

export async function recordContacts(
  context: RecordContext,
  contacts: readonly ContactFact[],
  announce: boolean,
): Promise<void> {
  for (let i = 0; i < contacts.length; i += contactBatch)
    await recordBatch(context, contacts.slice(i, i + contactBatch), announce)
}

async function recordBatch(context: RecordContext, contacts: readonly ContactFact[], announce: boolean): Promise<void> {
  const { store, sessionId, addresses } = context
  const events: EventInput[] = []
  const joined = await store.contacts.upsertMany(sessionId, contacts)
  const chats = await store.chats.among(sessionId, [...new Set(joined.flatMap(({ contact }) => contact.jids))])
  const byJid = new Map(chats.flatMap((chat) => chat.jids.map((jid) => [jid, chat] as const)))
  for (const { contact, changed } of joined) {
    const [first, ...others] = contact.jids
    const chat = contact.jids.map((jid) => byJid.get(jid)).find((one) => one !== undefined)
    const name = contact.name ?? contact.notify ?? contact.verifiedName
    if (chat && first !== undefined) {
      // A form that is new becomes an alias of the chat, so that both addresses lead to it; of two chats one is left.
      const isWhole = contact.jids.every((jid) => chat.jids.includes(jid))
      const chatId = isWhole ? chat.chatId : await addresses.chatIdOf([first, ...others], new Date())
      if (changed && name) await store.chats.touch(sessionId, chatId, { name })
    }
    if (changed && announce)
      events.push({
        type: 'contact.updated',
        data: { contactId: contact.contactId, name, phone: contact.phone, lid: contact.lid },
      })
  }
  await context.appender.append(events)
}

/** Of updates only what the phone decides is taken: name, archived, pinned. */
export async function recordChats(
  context: RecordContext,
  chats: readonly ChatFact[],
  announce: boolean,
): Promise<void> {
  const events: EventInput[] = []
  for (const { jids, name, archived, pinned, unreadCount, lastActivity, ...others } of chats) {
    const { mutedUntil, markedUnread, locked, ephemeralSeconds } = others
    const facts = {
      ...(mutedUntil === undefined ? {} : { mutedUntil }),
      ...(markedUnread === undefined ? {} : { markedUnread, ...(markedUnread ? {} : { unreadCount: 0 }) }),
      ...(locked === undefined ? {} : { locked }),
      ...(ephemeralSeconds === undefined ? {} : { ephemeralSeconds }),
      ...(name === undefined ? {} : { name }),
      ...(archived === undefined ? {} : { archived }),
      ...(pinned === undefined ? {} : { pinned: pinned ? 1 : 0 }),
      ...(unreadCount === undefined ? {} : { unreadCount }),
      // What waits unread was written by the other side, also when the phone does not hand it over.
      ...(unreadCount ? { heard: true } : {}),
    }
    if (announce && Object.keys(facts).length === 0) continue
    const chatId = await context.addresses.chatIdOf(jids, lastActivity ?? new Date())
    await context.store.chats.describe(context.sessionId, chatId, facts)
    if (!announce) continue
    const chat = await context.store.chats.resolve(context.sessionId, [chatId])
    if (chat && !isDeletedChat(chat)) events.push({ type: 'chat.updated', data: toChatView(chat) })
  }
  await context.appender.append(events)
}

export async function recordHistory(context: RecordContext, fact: Extract<Fact, { kind: 'history' }>): Promise<void> {
  await recordChats(context, fact.chats, false)
  await recordContacts(context, fact.contacts, false)
  const refused: unknown[] = []
  const { syncType, progress, chats, contacts } = fact
  const messages = context.arrivals?.past(fact.messages) ?? fact.messages
  for (let i = 0; i < messages.length; i += historyBatch)
    await recordEach(context, messages.slice(i, i + historyBatch), refused)
  await recordEarlyMarks(context, messages)
  const data = { syncType, progress, chats: chats.length, contacts: contacts.length, messages: messages.length }
  await context.appender.append([{ type: 'history.progress', data }])
  // What could be stored is; that something could not be is for the recorder to say.
  if (refused.length > 0) throw refused[0]
}

/** One message that cannot be stored must not take those beside and behind it along. */
async function recordEach(context: RecordContext, messages: readonly MessageFact[], refused: unknown[]): Promise<void> {
  try {
    await recordMessages(context, messages)
  } catch (error) {
    if (error instanceof LeaseLost || isUnavailable(error)) throw error
    if (messages.length === 1) refused.push(error)
    else for (const one of messages) await recordEach(context, [one], refused)
  }
}

export async function recordSignal(
  context: RecordContext,
  fact: Extract<Fact, { kind: 'presence' | 'typing' }>,
): Promise<void> {
  const { store, sessionId, addresses } = context
  const chatId = (await addresses.knownChatId(fact.chat)) ?? fact.chat[0]
  const by = (await addresses.knownChatId(fact.by)) ?? fact.by[0]
  if (fact.kind === 'typing')
    await store.signals.send({
      stream: sessionId,
      type: 'typing.updated',
      data: { chatId, from: by, state: fact.state },
    })
  else
    await store.signals.send({
      stream: sessionId,
      type: 'presence.updated',
      data: { chatId, from: by, state: fact.state, ...(fact.lastSeen ? { lastSeen: fact.lastSeen } : {}) },
    })
}
