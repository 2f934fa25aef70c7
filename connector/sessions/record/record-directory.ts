// People and chats as the phone knows them, the first history, and what is live only.
import type { EventInput } from '../../../shared/model/event.ts'
import { toChatView } from '../../../shared/model/chat.ts'
import type { ChatFact, ContactFact, Fact } from '../../whatsapp/facts.ts'
import type { RecordContext } from './context.ts'
import { recordMessages } from './record-messages.ts'

const historyBatch = 500

export async function recordContacts(
  context: RecordContext,
  contacts: readonly ContactFact[],
  announce: boolean,
): Promise<void> {
  const events: EventInput[] = []
  for (const { jids, ...facts } of contacts) {
    const { contact, changed } = await context.store.contacts.upsert(context.sessionId, jids, facts)
    const chatId = await context.addresses.knownChatId(jids)
    const name = contact.name ?? contact.notify ?? contact.verifiedName
    // A form that is new becomes an alias of the chat, so that both addresses lead to it.
    if (chatId !== undefined && jids.length > 1) await context.addresses.chatIdOf(jids, new Date())
    if (chatId !== undefined && changed && name) await context.store.chats.touch(context.sessionId, chatId, { name })
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
  for (const { jids, name, archived, pinned, unreadCount, lastActivity } of chats) {
    const facts = {
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
    if (chat) events.push({ type: 'chat.updated', data: toChatView(chat) })
  }
  await context.appender.append(events)
}

export async function recordHistory(context: RecordContext, fact: Extract<Fact, { kind: 'history' }>): Promise<void> {
  await recordChats(context, fact.chats, false)
  await recordContacts(context, fact.contacts, false)
  for (let i = 0; i < fact.messages.length; i += historyBatch)
    await recordMessages(context, fact.messages.slice(i, i + historyBatch))
  const { syncType, progress, chats, contacts, messages } = fact
  const data = { syncType, progress, chats: chats.length, contacts: contacts.length, messages: messages.length }
  await context.appender.append([{ type: 'history.progress', data }])
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
