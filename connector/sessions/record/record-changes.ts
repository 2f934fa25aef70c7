// What happens to a message after it was written: edits, revokes, reactions, statuses.
import type { EventInput } from '../../../shared/model/event.ts'
import { toMessageKey, toMessageView, type Message, type MessageStatus } from '../../../shared/model/message.ts'
import { removeFile } from './remove-file.ts'
import type { Fact, Target } from '../../whatsapp/facts.ts'
import { toRefusal } from '../../whatsapp/refusals.ts'
import { toFactKey, toPeople, type RecordContext } from './context.ts'
import { gatherReceipts } from './group-receipts.ts'
import { isAdminHere } from './group-rights.ts'
import { senderIn, whereItStands } from './where-it-stands.ts'

type Change = Extract<Fact, { kind: 'edit' | 'revoke' | 'reaction' }>
export type StatusFact = Extract<Fact, { kind: 'ack' | 'receipt' }>

/** The key of a target that is known; nothing is created for a target that is not. */
export async function keyOf(context: RecordContext, target: Target): Promise<string | undefined> {
  const chatId = await context.addresses.knownChatId(target.chat)
  if (chatId === undefined) return undefined
  return toMessageKey(
    context.sessionId,
    chatId,
    await context.addresses.senderIdOf(chatId, target.sender),
    target.messageId,
  )
}

export async function recordChange(context: RecordContext, fact: Change): Promise<void> {
  const { store, appender } = context
  // Before the target is looked at: a stranger's claim makes nobody known.
  if (fact.kind === 'revoke' && fact.by && !(await isAdminHere(context, fact.target.chat, fact.by))) return
  const key = await keyOf(context, fact.target)
  if (key === undefined) return
  const stamp = String(fact.at.getTime())
  if (fact.kind === 'edit') {
    const row = await whereItStands(context, key, async (at) => {
      await store.messages.edit(at, fact.text, fact.at)
      return store.messages.read(at)
    })
    // An edit that came late or after the revoke was not applied; one that a crash cut short was, and is told now.
    if (row?.editedAt?.getTime() === fact.at.getTime() && row.revokedAt === undefined)
      await appender.append([
        {
          type: 'message.edited',
          key: toFactKey('message.edited', row._id, stamp),
          data: { ...toMessageView(row), ...toPeople(fact.target.sender, fact.target.chat), text: fact.text },
        },
      ])
  } else if (fact.kind === 'revoke') {
    const row = await whereItStands(context, key, async (at) => {
      await removeFile(context, await store.messages.read(at))
      await store.messages.revoke(at, fact.at)
      return store.messages.read(at)
    })
    if (row)
      await appender.append([
        {
          type: 'message.revoked',
          key: toFactKey('message.revoked', row._id),
          data: { ...toMessageView(row), ...toPeople(fact.target.sender, fact.target.chat) },
        },
      ])
  } else {
    const chatId = await context.addresses.knownChatId(fact.target.chat)
    const sender = chatId === undefined ? undefined : await context.addresses.senderIdOf(chatId, fact.by)
    if (chatId === undefined || sender === undefined) return
    // Who reacts is no new contact any more.
    if (sender === chatId) await store.chats.touch(context.sessionId, chatId, { heard: true })
    const row = await whereItStands(context, key, (at, inChat) =>
      store.messages.react(at, { sender: senderIn(inChat, sender), emoji: fact.emoji, at: fact.at }),
    )
    if (!row) return
    const by = senderIn(row.chatId, sender)
    const people = toPeople(fact.by, fact.target.sender, fact.target.chat)
    const data = { ...toMessageView(row), ...people, reaction: { sender: by, emoji: fact.emoji, at: fact.at } }
    const factKey = toFactKey('message.reaction', row._id, by, stamp)
    await appender.append([{ type: 'message.reaction', key: factKey, data }])
  }
}

/** Statuses of several messages, each step in the order it was told; their events in one append. */
export async function recordStatuses(context: RecordContext, facts: readonly StatusFact[]): Promise<void> {
  const steps: { fact: StatusFact; key: string }[] = []
  for (const fact of facts)
    for (const messageId of fact.kind === 'ack' ? [fact.messageId] : fact.messageIds) {
      // The chat comes from where the receipt came from: nobody can mark a message of another chat.
      const key = await keyOf(context, { chat: fact.chat, sender: 'me', messageId })
      if (key !== undefined) steps.push({ fact, key })
    }
  const events = await Promise.all(
    (await gatherReceipts(context, steps)).map(({ fact, key }) => recordStatus(context, fact, key)),
  )
  await context.appender.append(events.flat())
}

async function recordStatus(context: RecordContext, fact: StatusFact, key: string): Promise<EventInput[]> {
  const { store } = context
  if (fact.kind === 'ack' && fact.serverId !== undefined) await store.posts.number(key, fact.serverId)
  const status: MessageStatus = fact.kind === 'receipt' ? fact.status : fact.error === undefined ? 'sent' : 'failed'
  const error = fact.kind === 'ack' && fact.error !== undefined ? toRefusal(fact.error) : undefined
  let isAdvanced = false
  const row = await whereItStands(context, key, async (at): Promise<Message | null> => {
    const advanced = await store.messages.advance(at, status, fact.at, error)
    isAdvanced ||= advanced !== null
    return advanced ?? (fact.kind === 'ack' || isAdvanced ? await store.messages.read(at) : null)
  })
  // An ack may be seen again after a crash: its event is written under its key, but never behind a later status.
  if (!row || row.status !== status) return []
  const tell = (type: EventInput['type'], told: MessageStatus) => ({
    type,
    key: toFactKey(type, row._id),
    data: { ...toMessageView(row), ...toPeople(fact.chat), status: told },
  })
  // Whoever has received it was sent it, though the ack was lost with its connection.
  const skipped = fact.kind === 'receipt' && row.statusTimes.sent === undefined ? [tell('message.sent', 'sent')] : []
  return [...skipped, tell(`message.${status}` as EventInput['type'], status)]
}
