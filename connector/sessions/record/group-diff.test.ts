import { expect, test } from 'vitest'
import type { GroupState, PersonFact } from '../../whatsapp/facts.ts'
import { fromChange, fromState, type GroupRow } from './group-diff.ts'

const person = (n: number, isMe = false): PersonFact => ({ jids: [`${n}@lid`, `55500000${n}@s.whatsapp.net`], isMe })
const state = (more: Partial<GroupState> = {}): GroupState => ({
  groupId: 'g@g.us',
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
  ],
  ...more,
})
const row: GroupRow = fromState('s', null, state()).next

test('the same state again is no change', () => {
  const { next, settings, members } = fromState('s', row, state())
  expect({ next, settings, members }).toEqual({ next: row, settings: [], members: [] })
})

test('a state tells who came, who went and whose part changed while nobody was here', () => {
  const members = [
    { ...person(1, true), role: 'admin' as const },
    { ...person(3), role: 'member' as const },
  ]
  const difference = fromState('s', row, state({ subject: 'Two', members }))
  expect(difference.settings).toEqual(['subject'])
  expect(difference.members.map(({ action, people }) => [action, people.map(({ lid }) => lid)])).toEqual([
    ['remove', ['2@lid']],
    ['add', ['3@lid']],
    ['promote', ['1@lid']],
  ])
  expect(difference.next.myRole).toBe('admin')
})

test('a person whom WhatsApp now names by one address keeps the other', () => {
  const members: GroupState['members'] = [
    { jids: ['1@lid'] as const, isMe: true, role: 'member' as const },
    state().members[1]!,
  ]
  expect(fromState('s', row, state({ members })).next.members).toEqual(row.members)
})

test('what is so already is told once: an addition that stands, a removal that is done', () => {
  const add = { type: 'members', action: 'add', people: [person(2)] } as const
  expect(fromChange(row, { ...add, people: [...add.people] }, person(1)).members).toEqual([])
  const remove = { type: 'members' as const, action: 'remove' as const, people: [person(1, true)] }
  const gone = fromChange(row, remove, person(2))
  expect(gone.next.myRole).toBeNull()
  expect(fromChange(gone.next, remove, person(2)).members).toEqual([])
})

test('in a locked group a member’s word on disappearing messages changes nothing, an admin’s does', () => {
  const locked = { ...row, locked: true }
  const change = { type: 'settings' as const, settings: { ephemeralSeconds: 86_400 } }
  expect(fromChange(locked, change, person(1)).settings).toEqual([])
  expect(fromChange(locked, change, person(2)).next.ephemeralSeconds).toBe(86_400)
})

test('a crowd comes up to what a group may hold, keeps its order, and goes again', () => {
  const people = Array.from({ length: 9_000 }, (_, i) => person(10 + i))
  const came = fromChange(row, { type: 'members', action: 'add', people }, person(2))
  expect(came.next.members).toHaveLength(5_000)
  expect(came.next.members.slice(0, 3).map(({ lid }) => lid)).toEqual(['1@lid', '2@lid', '10@lid'])
  expect(came.members[0]?.people).toHaveLength(4_998)
  const gone = fromChange(came.next, { type: 'members', action: 'remove', people }, person(2))
  expect(gone.next.members).toEqual(row.members)
})
