// Groups: row → events. No stanza in the journal brings a change back, so the row keeps its events until they are written.
import type { EventInput } from '../../../shared/model/event.ts'
import { isSamePerson, toGroupSummary, type Group } from '../../../shared/model/group.ts'
import { toAddresses, type Addresses } from '../../../shared/model/person.ts'
import type { Fact, GroupState, PersonFact } from '../../whatsapp/facts.ts'
import { toFactKey, type RecordContext } from './context.ts'
import { fromChange, fromState, type Difference, type GroupRow } from './group-diff.ts'
import { recordMessages } from './record-messages.ts'

type ChangeFact = Extract<Fact, { kind: 'group-change' }>

/** People in one event at most; an event is to stay small. */
const perEvent = 250

/** Of a member with every form that the group's row knows: what WhatsApp tells of a change names its author by one. */
const toShown = ({ isMe, jids }: PersonFact, row?: GroupRow | null): Addresses & { isMe?: true } => {
  const person = toAddresses(jids)
  const { lid, phone } = { ...row?.members.find((one) => isSamePerson(one, person)), ...person }
  return {
    ...(lid === undefined ? {} : { lid }),
    ...(phone === undefined ? {} : { phone }),
    ...(isMe ? { isMe: true } : {}),
  }
}

const summaryOf = (row: GroupRow) => {
  const { updatedAt: _none, ...summary } = toGroupSummary({ ...row, updatedAt: new Date(0) } as Group)
  return summary
}

/** `cause` names the change: the id of its line, or the row's revision. */
function toEvents({ next, settings, members }: Difference, cause: string, more: object): EventInput[] {
  const events: EventInput[] = []
  for (const { action, people } of members)
    for (let i = 0; i < people.length; i += perEvent)
      events.push({
        type: 'group.participants',
        key: toFactKey('group.participants', next.groupId, cause, action, String(i)),
        data: {
          groupId: next.groupId,
          action,
          participants: people.slice(i, i + perEvent),
          size: next.members.length,
          ...more,
        },
      })
  if (settings.length > 0)
    events.push({
      type: 'group.updated',
      key: toFactKey('group.updated', next.groupId, cause),
      data: { ...summaryOf(next), changed: settings, ...more },
    })
  return events
}

/** The row with its events, the events, the row without them. */
async function keep(context: RecordContext, row: GroupRow, events: EventInput[]): Promise<void> {
  const { store, sessionId } = context
  const revision = row.revision + 1
  await store.groups.put({ ...row, revision, ...(events.length > 0 ? { untold: events } : {}) })
  if (events.length > 0) await tell(context, row.groupId, revision, events)
  await store.chats.touch(sessionId, row.groupId, { name: row.subject, ephemeralSeconds: row.ephemeralSeconds })
}

async function tell(
  { store, sessionId, appender }: RecordContext,
  groupId: string,
  revision: number,
  events: EventInput[],
) {
  await appender.append(events)
  await store.groups.told(sessionId, groupId, revision)
}

/** The row as it stands; what a crash left untold is told first. */
async function readRow(context: RecordContext, groupId: string): Promise<GroupRow | null> {
  const row = await context.store.groups.read(context.sessionId, groupId)
  if (!row) return null
  const { _id, sortName: _name, updatedAt: _at, untold, ...bare } = row
  if (untold) await tell(context, groupId, row.revision, untold)
  return bare
}

async function recordState(context: RecordContext, state: GroupState): Promise<void> {
  const before = await readRow(context, state.groupId)
  const difference = fromState(context.sessionId, before, state)
  if (!before) await context.addresses.chatIdOf([state.groupId], state.foundedAt ?? new Date())
  const events = toEvents(difference, `r${before?.revision ?? 0}`, {})
  const isKnown = before && JSON.stringify(before) === JSON.stringify(difference.next)
  if (events.length > 0 || !isKnown) await keep(context, difference.next, events)
}

export async function recordGroups(
  context: RecordContext,
  fact: Extract<Fact, { kind: 'group-state' }>,
): Promise<void> {
  for (const state of fact.groups) await recordState(context, state)
  if (!fact.isAll) return
  const present = new Set(fact.groups.map(({ groupId }) => groupId))
  for (const groupId of await context.store.groups.idsOf(context.sessionId)) {
    const row = present.has(groupId) ? null : await readRow(context, groupId)
    if (!row) continue
    // We were taken out while nobody was here to hear it.
    const data = { groupId, action: 'remove', participants: [{ isMe: true }], size: row.members.length }
    const key = toFactKey('group.participants', groupId, `r${row.revision}`, 'remove', 'me')
    await keep(context, { ...row, myRole: null }, [{ type: 'group.participants', key, data }])
  }
}

export async function recordGroupChange(context: RecordContext, fact: ChangeFact): Promise<void> {
  const { message, change, by } = fact
  const [groupId] = message.chat
  const row = await readRow(context, groupId)
  const told = { messageId: message.messageId, at: message.at, ...(by ? { by: toShown(by, row) } : {}) }
  if (row && !message.historical) {
    const difference = fromChange(row, change, by)
    const events = toEvents(difference, message.messageId, told)
    if (events.length > 0) await keep(context, difference.next, events)
  }
  if (change.type === 'request' && !message.historical) {
    const { action, person, method } = change
    const data = { groupId, action, participant: toShown(person, row), ...(method ? { method } : {}), ...told }
    const key = toFactKey('group.join_request', groupId, message.messageId)
    await context.appender.append([{ type: 'group.join_request', key, data }])
  }
  await recordMessages(context, [message])
}
