// Promise: a text that a phone sent is in the chat's history once, in the feed once and in order per chat; none fails to
// decrypt, at either side.
import type { RunRecord, Violation } from './record.ts'
import { compareSequence } from './sequence.ts'

const nameOf = ({ messageId, text }: { messageId: string; text: string }) => `${messageId} "${text}"`

export function auditIncoming(record: RunRecord): Violation[] {
  const violations: Violation[] = []
  for (const { sessionId, contact, chatId, history } of record.chats) {
    const session = record.sessions.find((one) => one.sessionId === sessionId)
    const rows = record.phones.find((one) => one.phone === contact)?.sent ?? []
    const sent = rows.filter((row) => row.to === session?.phone && row.kind === 'text')
    const atOf = (ids: string[]) => {
      const row = sent.find((one) => ids.includes(one.messageId))
      return row && Date.parse(row.at)
    }
    const sentIds = sent.map((row) => row.messageId)
    const stored = history.filter((row) => !row.fromMe)
    for (const { kind, names } of compareSequence(
      sentIds,
      stored.map((row) => row.messageId),
      'any order',
    ))
      violations.push({
        promise: 'a received text stands in the history once',
        detail: `${kind} in ${sessionId}'s chat with ${contact}`,
        ids: names,
        atMs: atOf(names),
      })
    for (const row of stored) {
      const text = sent.find((one) => one.messageId === row.messageId)?.text
      if (row.editedAt === undefined && row.revokedAt === undefined && text !== undefined && row.text !== text)
        violations.push({
          promise: 'a received text stands as it was written',
          detail: `"${row.text}" (${row.type}) instead of "${text}" in ${sessionId}`,
          ids: [row.messageId],
          atMs: atOf([row.messageId]),
        })
    }
    const told = (session?.feed ?? []).filter(
      (event) => event.type === 'message.received' && event.data['chatId'] === chatId,
    )
    const toldTexts = told.map(({ data }) => nameOf({ messageId: data['messageId'], text: data['text'] }))
    for (const { kind, names } of compareSequence(sent.map(nameOf), toldTexts))
      violations.push({
        promise: 'a received text is in the feed once, in order',
        detail: `${kind} in the feed of ${sessionId}, chat with ${contact}`,
        ids: names,
        atMs: atOf(sent.filter((row) => names.includes(nameOf(row))).map((row) => row.messageId)),
      })
  }
  for (const { phone, counters } of record.phones)
    if (counters.failedDecryptions > 0)
      violations.push({
        promise: 'no decryption fails at a phone',
        detail: `${counters.failedDecryptions} failed at ${phone}`,
        ids: [],
      })
  return violations
}
