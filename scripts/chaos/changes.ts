// Edits, reactions and revokes, on both sides; a message is changed at most once, so that its end is known.
import type { AcceptedText, Change } from './audit/record.ts'
import type { Chat } from './flow.ts'

const kinds = ['edit', 'reaction', 'revoke'] as const
const emoji = '👍'

function draw({ random, sessionId, contact }: Chat, targetId: string, text: string): Change {
  const kind = random.pick(kinds)
  const words = { edit: `${text}, edited`, reaction: emoji, revoke: '' }
  return { sessionId, contact, kind, targetId, text: words[kind], atMs: Date.now() }
}

export async function changeOurs(chat: Chat, accepted: AcceptedText): Promise<void> {
  const change = draw(chat, accepted.messageId, accepted.text)
  const base = `/v1/sessions/${chat.sessionId}/messages/${accepted.messageId}`
  const query = `?chatId=${chat.contact}`
  const requests = {
    edit: { method: 'PATCH', path: `${base}${query}`, body: { text: change.text } },
    reaction: { method: 'PUT', path: `${base}/reaction${query}`, body: { emoji } },
    revoke: { method: 'DELETE', path: `${base}${query}` },
  }
  const answer = await chat.site.client.ask({ ...requests[change.kind], key: `${change.kind}-${accepted.messageId}` })
  if (answer.status === 202) chat.flow.changes.push(change)
  else
    chat.flow.surprises.push(
      `${change.kind} of ${accepted.messageId}, accepted, was answered ${answer.status}: ${JSON.stringify(answer.body)}`,
    )
}

export async function changeTheirs(chat: Chat, messageId: string, text: string): Promise<void> {
  const change = draw(chat, messageId, text)
  const bodies = {
    edit: { edit: { messageId, text: change.text } },
    reaction: { reaction: { messageId, emoji } },
    revoke: { revoke: { messageId } },
  }
  await chat.site.door('POST', `/phones/${chat.contact}/messages`, { to: chat.phone, ...bodies[change.kind] })
  chat.flow.theirChanges.push(change)
}
