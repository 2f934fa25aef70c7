// Votes and answers to events: opened with the secret of the message that stands here, then row → event.
import { toMessageView, type Message } from '../../../shared/model/message.ts'
import { openAnswer, type Opened } from '../../whatsapp/answers.ts'
import type { Fact } from '../../whatsapp/facts.ts'
import { toFactKey, toPeople, type RecordContext } from './context.ts'
import { keyOf } from './record-changes.ts'
import { senderIn, whereItStands } from './where-it-stands.ts'

type Answer = Extract<Fact, { kind: 'answer' }>

/** What answers a message that is not here, or is sealed for another one, changes nothing. */
export async function recordAnswer(context: RecordContext, { target, by, sealed, at }: Answer): Promise<void> {
  const key = await keyOf(context, target)
  const row = key === undefined ? null : await context.store.messages.read(key)
  const opened = row?.raw ? openAnswer(row.raw, sealed) : undefined
  if (!row || !opened) return
  const sender = await context.addresses.senderIdOf(row.chatId, by)
  // Who answers is no new contact any more.
  if (sender === row.chatId) await context.store.chats.touch(context.sessionId, row.chatId, { heard: true })
  await keepAnswer(context, row._id, sender, opened, at, toPeople(by, target.sender, target.chat))
}

/** Idempotent: told again, the event stands already. */
export async function keepAnswer(
  context: RecordContext,
  told: string,
  by: string,
  answered: Opened,
  at: Date,
  people: ReturnType<typeof toPeople> = {},
): Promise<void> {
  const { store, appender } = context
  const stamp = String(at.getTime())
  if ('options' in answered) {
    const row = await whereItStands(context, told, (key, chatId) =>
      store.messages.vote(key, { sender: senderIn(chatId, by), options: answered.options, at }),
    )
    if (!row) return
    const { _id: key, chatId } = row
    const sender = senderIn(chatId, by)
    const vote = { sender, options: answered.options, at }
    const data = { ...withoutAnswers(row), ...people, vote }
    await appender.append([
      { type: 'message.poll_vote', key: toFactKey('message.poll_vote', key, sender, stamp), data },
    ])
  } else {
    const row = await whereItStands(context, told, (key, chatId) =>
      store.messages.respond(key, { sender: senderIn(chatId, by), ...answered, at }),
    )
    if (!row) return
    const { _id: key, chatId } = row
    const sender = senderIn(chatId, by)
    const response = { sender, ...answered, at }
    const data = { ...withoutAnswers(row), ...people, response }
    const factKey = toFactKey('message.event_response', key, sender, stamp)
    await appender.append([{ type: 'message.event_response', key: factKey, data }])
  }
}

/** A thousand people may have answered before: their answers stand in the message. */
function withoutAnswers(row: Message) {
  const { votes: _votes, responses: _responses, ...view } = toMessageView(row)
  return view
}
