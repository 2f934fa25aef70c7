// Promise: an edit, a reaction or a revoke that was accepted is shown once at the other side; one that a phone made
// stands in the history and once in the feed.
import type { Change, InboxRow, RunRecord, ShownMessage, Violation } from './record.ts'

export function auditChanges(record: RunRecord): Violation[] {
  return [
    ...record.changes.flatMap((change) => auditOurs(record, change)),
    ...record.theirChanges.flatMap((change) => auditTheirs(record, change)),
  ]
}

function auditOurs(record: RunRecord, change: Change): Violation[] {
  const inbox = record.phones.find((one) => one.phone === change.contact)?.inbox ?? []
  const shown = inbox.filter((row) => isShownBy(change, row)).length
  if (shown === 1) return []
  return [
    {
      promise: 'an accepted change is shown once at the recipient',
      detail: `${change.kind} "${change.text}" of ${change.sessionId} is shown ${shown} times at ${change.contact}`,
      ids: [change.targetId],
      atMs: change.atMs,
    },
  ]
}

function isShownBy(change: Change, row: InboxRow): boolean {
  if (row.kind !== change.kind || row.targetId !== change.targetId) return false
  return change.kind === 'revoke' || row.text === change.text
}

const eventOf = { edit: 'message.edited', reaction: 'message.reaction', revoke: 'message.revoked' } as const

function auditTheirs(record: RunRecord, change: Change): Violation[] {
  const { sessionId, contact, targetId } = change
  const history = record.chats.find((one) => one.sessionId === sessionId && one.contact === contact)?.history ?? []
  const feed = record.sessions.find((one) => one.sessionId === sessionId)?.feed ?? []
  const target = history.find((row) => row.messageId === targetId)
  const told = feed.filter(
    ({ type, data }) =>
      type === eventOf[change.kind] && data['messageId'] === targetId && data['reaction']?.sender !== 'me',
  ).length
  const faults = [
    ...(target && stands(change, target) ? [] : ['does not stand in the history']),
    ...(told === 1 ? [] : [`is ${told} times in the feed`]),
  ]
  return faults.map((fault) => ({
    promise: 'a change that a phone made stands in the history, and once in the feed',
    detail: `${change.kind} "${change.text}" by ${contact} ${fault} of ${sessionId}`,
    ids: [targetId],
    atMs: change.atMs,
  }))
}

function stands(change: Change, target: ShownMessage): boolean {
  switch (change.kind) {
    case 'edit':
      return target.editedAt !== undefined && target.text === change.text
    case 'revoke':
      return target.revokedAt !== undefined
    case 'reaction':
      return target.reactions.some((one) => one.sender !== 'me' && one.emoji === change.text)
  }
}
