// What happens to groups is told once, whatever comes between; and nobody speaks there for others.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import { toMessageKey } from '../../../shared/model/message.ts'
import type { Fact, GroupState, PersonFact } from '../../whatsapp/facts.ts'
import { createAddresses } from './addresses.ts'
import type { RecordContext } from './context.ts'
import { recordChange, recordStatuses } from './record-changes.ts'
import { recordGroupChange, recordGroups } from './record-groups.ts'
import { recordMessages } from './record-messages.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const at = new Date('2026-01-02T03:04:05Z')
const group = '120363000000000001@g.us'
const person = (n: number, isMe = false): PersonFact => ({
  jids: [`${n}00@lid`, `1555000000${n}@s.whatsapp.net`],
  isMe,
})
const state: GroupState = {
  groupId: group,
  addressing: 'lid',
  subject: 'One',
  description: '',
  announce: false,
  locked: false,
  ephemeralSeconds: 0,
  memberAddMode: 'admin_add',
  joinApproval: false,
  members: [
    { ...person(1, true), role: 'member' },
    { ...person(2), role: 'admin' },
    { ...person(3), role: 'member' },
  ],
}

let sessions = 0
async function openSession() {
  const { store } = opened
  const sessionId = `groups-${(sessions += 1)}`
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  const context: RecordContext = {
    sessionId,
    store,
    appender,
    addresses: createAddresses(store, sessionId),
    counters: { add: () => undefined, close: () => Promise.resolve() },
  }
  await recordGroups(context, { kind: 'group-state', groups: [state], isAll: true })
  const events = async (type: string) =>
    (await store.events.read(sessionId, 0, 100)).filter((event) => event.type === type)
  return { context, events, store, sessionId }
}

const addition = (messageId: string): Extract<Fact, { kind: 'group-change' }> => ({
  kind: 'group-change',
  by: person(2),
  change: { type: 'members', action: 'add', people: [person(4)] },
  message: {
    kind: 'message',
    chat: [group],
    sender: person(2).jids,
    messageId,
    at,
    historical: false,
    content: { type: 'system', kind: 'group.add' },
  },
})

test('a crash between the row and its event: the event is told with what comes next, and once', async () => {
  const { context, events } = await openSession()
  const dying: RecordContext = {
    ...context,
    appender: { ...context.appender, append: () => Promise.reject(new Error('killed')) },
  }
  await expect(recordGroupChange(dying, addition('A1'))).rejects.toThrow('killed')
  expect(await events('group.participants')).toEqual([])
  const all = { ...state, members: [...state.members, { ...person(4), role: 'member' as const }] }
  for (const _again of [1, 2]) await recordGroups(context, { kind: 'group-state', groups: [all], isAll: true })
  await recordGroupChange(context, addition('A1'))
  expect((await events('group.participants')).map(({ data }) => [data['action'], data['messageId']])).toEqual([
    ['add', 'A1'],
  ])
})

test('that we were taken out while nobody was here is told once', async () => {
  const { context, events, store, sessionId } = await openSession()
  for (const _again of [1, 2]) await recordGroups(context, { kind: 'group-state', groups: [], isAll: true })
  expect((await events('group.participants')).map(({ data }) => data['participants'])).toEqual([[{ isMe: true }]])
  expect((await store.groups.read(sessionId, group))?.myRole).toBeNull()
})

test('a receipt counts only from who was there when it was sent', async () => {
  const { context, store, sessionId } = await openSession()
  const message = { kind: 'message' as const, chat: [group] as const, at, historical: false }
  await recordMessages(context, [
    { ...message, sender: 'me', messageId: 'M1', content: { type: 'text', text: 'hola' } },
  ])
  const key = toMessageKey(sessionId, group, 'me', 'M1')
  const receipt = (n: number) =>
    recordStatuses(context, [
      { kind: 'receipt', chat: [group], by: person(n).jids, messageIds: ['M1'], status: 'delivered', at },
    ])
  await receipt(2)
  await receipt(5)
  const row = await store.messages.read(key)
  expect([row?.status, Object.keys(row?.receipts ?? {})]).toEqual(['sent', ['l200', 'l300']])
  await receipt(3)
  expect((await store.messages.read(key))?.status).toBe('delivered')
})

test('a revoke of what another wrote is an admin’s, and makes no stranger known', async () => {
  const { context, store, sessionId } = await openSession()
  const message = { kind: 'message' as const, chat: [group] as const, at, historical: false }
  await recordMessages(context, [
    { ...message, sender: person(3).jids, messageId: 'M2', content: { type: 'text', text: 'hola' } },
  ])
  const key = toMessageKey(sessionId, group, person(3).jids[0], 'M2')
  const revoke = (by: PersonFact, author: PersonFact) =>
    recordChange(context, {
      kind: 'revoke',
      target: { chat: [group], sender: author.jids, messageId: 'M2' },
      by: by.jids,
      at,
    })
  await revoke(person(1), person(3))
  await revoke(person(5), person(6))
  expect((await store.messages.read(key))?.text).toBe('hola')
  expect(await store.contacts.resolve(sessionId, person(6).jids)).toBeUndefined()
  await revoke(person(2), person(3))
  expect((await store.messages.read(key))?.text).toBeUndefined()
})
