// Promise: a text that the API accepted is in the recipient's inbox once and in the order of acceptance, and stands in
// the chat's history once.
import type { RunRecord, Violation } from './record.ts'
import { compareSequence } from './sequence.ts'

/** A text under another id is another message, so both together are its name. */
const nameOf = ({ messageId, text }: { messageId: string; text: string }) => `${messageId} "${text}"`

export function auditOutgoing(record: RunRecord): Violation[] {
  const violations: Violation[] = []
  for (const { sessionId, contact, history } of record.chats) {
    const phone = record.sessions.find((session) => session.sessionId === sessionId)?.phone
    const accepted = record.accepted.filter((one) => one.sessionId === sessionId && one.contact === contact)
    const inbox = record.phones.find((one) => one.phone === contact)?.inbox ?? []
    const arrived = inbox.filter((row) => row.from === phone && row.kind === 'text' && !row.fromMe)
    const atOf = (names: string[]) => accepted.find((one) => names.includes(nameOf(one)))?.atMs
    for (const { kind, names } of compareSequence(accepted.map(nameOf), arrived.map(nameOf)))
      violations.push({
        promise: 'an accepted text is shown once, in order, at the recipient',
        detail: `${kind} between ${sessionId} and ${contact}`,
        ids: names,
        atMs: atOf(names),
      })
    const own = history.filter((row) => row.fromMe)
    const ids = accepted.map((one) => one.messageId)
    for (const { kind, names } of compareSequence(
      ids,
      own.map((row) => row.messageId),
      'any order',
    ))
      violations.push({
        promise: 'an accepted text stands in the history once',
        detail: `${kind} in ${sessionId}'s chat with ${contact}`,
        ids: names,
        atMs: accepted.find((one) => names.includes(one.messageId))?.atMs,
      })
    for (const row of own)
      if (row.status === 'failed' || row.status === 'queued')
        violations.push({
          promise: 'an accepted text is sent',
          detail: `its status stayed at ${row.status} in ${sessionId}'s chat with ${contact}`,
          ids: [row.messageId],
          atMs: accepted.find((one) => one.messageId === row.messageId)?.atMs,
        })
    for (const { messageId, repeatedId, atMs } of accepted)
      if (repeatedId !== undefined && repeatedId !== messageId)
        violations.push({
          promise: 'the same idempotency key gets the same answer',
          detail: `another message for the same key in ${sessionId}`,
          ids: [messageId, repeatedId],
          atMs,
        })
  }
  for (const { sessionId, unsettled } of record.sessions)
    for (const { commandId, kind, state, error } of unsettled)
      violations.push({
        promise: 'an accepted command ends well',
        detail: `${kind} of ${sessionId} is ${state}${error ? ` (${error.code})` : ''}`,
        ids: [commandId],
      })
  return violations
}
