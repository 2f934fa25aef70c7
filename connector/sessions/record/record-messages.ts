// Messages: row → event → chat → done. Each step is idempotent by key, so a crash anywhere is finished by doing it again.
import type { EventInput, EventType } from '../../../shared/model/event.ts'
import { toPreview } from '../../../shared/model/content.ts'
import { phoneOf, storiesJid } from '../../../shared/model/jid.ts'
import { toMessageKey, toMessageView, type Message } from '../../../shared/model/message.ts'
import type { MessageFact } from '../../whatsapp/facts.ts'
import { toFactKey, toPeople, type RecordContext } from './context.ts'
import { groupBy } from './group-by.ts'
import { receiptsFor } from './group-receipts.ts'
import { knowMentioned } from './know-mentioned.ts'
import { settlePosts } from './settle-posts.ts'

const maxPeople = 100

export async function recordMessages(context: RecordContext, told: readonly MessageFact[]): Promise<void> {
  const { store, appender } = context
  const facts: MessageFact[] = []
  for (const fact of await settlePosts(context, told)) facts.push(await knowMentioned(context, fact))
  const rows: Message[] = []
  for (const fact of facts) rows.push(await toRow(context, fact))
  const fresh = await store.messages.insert(rows)
  for (const row of rows)
    if (!fresh.has(row._id) && row.type !== 'undecryptable' && (await store.messages.replaceUndecryptable(row)))
      fresh.add(row._id)

  // Before the events: whoever hears of a message finds its sender.
  await noteNames(context, facts)
  // What a line about a group says is told as `group.*`.
  await appender.append(
    rows.flatMap((row, i) => (row.historical || row.type === 'system' ? [] : [toEvent(row, facts[i]!)])),
  )
  const spoken = rows.filter((row) => row.type !== 'system')
  // Stories stand in no list of chats.
  await touchChats(
    context,
    spoken.filter((row) => row.chatId !== storiesJid),
    fresh,
  )
  const live = spoken.filter((row) => fresh.has(row._id) && !row.historical)
  const received = live.filter((row) => !row.fromMe).length
  context.counters.add({ received, sent: live.length - received })
}

async function toRow(context: RecordContext, fact: MessageFact): Promise<Message> {
  const { sessionId, addresses } = context
  const chatId = await addresses.chatIdOf(fact.chat, fact.at)
  const sender = await addresses.senderIdOf(chatId, fact.sender)
  const fromMe = fact.sender === 'me'
  const { media } = fact.content
  const isLive = !fact.historical && fact.content.type !== 'system'
  return {
    _id: toMessageKey(sessionId, chatId, sender, fact.messageId),
    sessionId,
    chatId,
    messageId: fact.messageId,
    sender,
    fromMe,
    ...(fact.pushName && !fromMe ? { pushName: fact.pushName } : {}),
    ...fact.content,
    ...(fact.post ? { post: fact.post } : {}),
    ...(media && !fact.historical ? { media: context.media?.planned(media) ?? media } : {}),
    timestamp: (!fact.historical && context.arrivals?.now(chatId, fact.at)) || fact.at,
    ...(fromMe ? { status: 'sent' as const, statusTimes: { sent: fact.at } } : { statusTimes: {} }),
    reactions: [],
    ...(fromMe && isLive ? await receiptsFor(context, chatId) : {}),
    ...(fact.historical ? { historical: true } : {}),
    createdAt: new Date(),
  }
}

function toEvent(row: Message, { sender, chat, mentioned = [] }: MessageFact): EventInput {
  const type: EventType =
    row.type === 'undecryptable' ? 'message.undecryptable' : row.fromMe ? 'message.sent' : 'message.received'
  // Of a crowd the first hundred: the others stand in the message.
  const people = toPeople(sender, chat, ...mentioned.slice(0, maxPeople))
  return {
    type,
    key: toFactKey(type, row.chatId, row.sender, row.messageId),
    data: { ...toMessageView(row), ...people },
  }
}

async function touchChats(context: RecordContext, rows: readonly Message[], fresh: ReadonlySet<string>): Promise<void> {
  const byChat = groupBy(rows, (row) => row.chatId)
  for (const [chatId, ofChat] of byChat) {
    const last = ofChat.reduce((a, b) => (b.timestamp >= a.timestamp ? b : a))
    const unread = ofChat.filter((row) => fresh.has(row._id) && !row.fromMe && !row.historical).length
    const { messageId, type, fromMe, timestamp } = last
    const text = toPreview(last)
    await context.store.chats.touch(context.sessionId, chatId, {
      lastMessage: {
        messageId,
        type,
        fromMe,
        at: timestamp,
        ...(text === undefined ? {} : { text: text.slice(0, 500) }),
      },
      ...(ofChat.some((row) => !row.fromMe) ? { heard: true as const } : {}),
      // Whoever answers on the phone has read the chat.
      unread: last.fromMe && !last.historical ? 'clear' : unread,
    })
  }
}

/** Names that senders give themselves. */
async function noteNames(context: RecordContext, facts: readonly MessageFact[]): Promise<void> {
  const { store, sessionId, appender } = context
  const named = new Map<string, MessageFact>()
  for (const fact of facts) if (fact.sender !== 'me' && fact.pushName) named.set(fact.sender[0], fact)
  for (const { sender, pushName, chat, at } of named.values()) {
    if (sender === 'me' || !pushName || context.addresses.isNamed(sender, pushName)) continue
    const { contact, changed } = await store.contacts.upsert(sessionId, sender, { notify: pushName })
    context.addresses.named(sender, pushName)
    if (!changed) continue
    const name = contact.name ?? contact.notify
    if (name && chat[0] === sender[0])
      await store.chats.touch(sessionId, await context.addresses.chatIdOf(chat, at), { name })
    const phone = contact.phone ?? sender.map(phoneOf).find((digits) => digits !== undefined)
    await appender.append([
      { type: 'contact.updated', data: { contactId: contact.contactId, name, phone, lid: contact.lid } },
    ])
  }
}
