// What whoever runs a channel, or the server, says of it stays within bounds; what cannot be read is nothing.
import { expect, test } from 'vitest'
import type { BinaryNode } from '@whiskeysockets/baileys'
import { liveUpdatesToFact, noticeToFact, toChannelState, toFollowed, toSettings } from './channel-facts.ts'

const id = '120363000000000001@newsletter'
const notice = (text: string): BinaryNode => ({
  tag: 'notification',
  attrs: { type: 'mex' },
  content: [{ tag: 'update', attrs: {}, content: Buffer.from(text) }],
})
const ofEvent = (event: string, data: unknown) =>
  noticeToFact(notice(JSON.stringify({ data: { [`xwa2_notify_newsletter_on_${event}`]: data } })))

test('names are one line and short, numbers are numbers, roles are those we know', () => {
  const state = toChannelState(
    {
      id,
      thread_metadata: {
        name: { text: `a\u0007\nb${'x'.repeat(500)}` },
        description: { text: 'y'.repeat(5_000) },
        invite: '../../etc',
        subscribers_count: '-4',
        creation_time: '99999999999999999',
      },
      viewer_metadata: { role: 'EMPEROR', mute: 'ON' },
    },
    'guest',
  )
  expect(state?.name).toMatch(/^a bx+$/)
  expect(state?.name.length).toBeLessThanOrEqual(100)
  expect(state?.description).toHaveLength(2_048)
  expect(state).toMatchObject({ role: 'guest', isMuted: true })
  for (const name of ['invite', 'subscribers', 'foundedAt']) expect(state).not.toHaveProperty(name)
})

test.each([undefined, null, 1, 'x', [], {}, { id: 5 }, { id: '1@g.us' }, { id: 'a b@newsletter' }])(
  'what describes no channel is none: %j',
  (data) => {
    expect(toChannelState(data, 'guest')).toBeUndefined()
    expect(ofEvent('join', data)).toBeUndefined()
    expect(ofEvent('metadata_update', data)).toBeUndefined()
  },
)

const thread = { name: { text: 'Uno' }, description: { text: 'Dos' }, invite: 'abcdefghijkl', verification: 'VERIFIED' }
test.each([
  ['thread_metadata', 7, ['name', 'description', 'isVerified']],
  ['thread_metadata', { ...thread, description: 'text' }, ['description']],
  ['thread_metadata', { ...thread, name: { text: 5 } }, ['name']],
  ['thread_metadata', { ...thread, verification: {}, creation_time: [], subscribers_count: true }, ['isVerified']],
  ['viewer_metadata', null, ['role', 'isMuted']],
  ['viewer_metadata', { role: 5, mute: 'ON' }, ['role']],
  ['state', 'odd', undefined],
])('one odd field is left out, and the channel stands with the others: %s %j', (field, value, unsaid) => {
  const entry = { id, thread_metadata: thread, viewer_metadata: { role: 'OWNER', mute: 'OFF' }, [field]: value }
  const state = toChannelState(entry, 'subscriber')
  expect(state).toMatchObject({ channelId: id })
  expect(state?.unsaid).toEqual(unsaid)
  if (field === 'viewer_metadata') expect(state).toMatchObject({ name: 'Uno', description: 'Dos', role: 'subscriber' })
  else expect(state).toMatchObject({ role: 'owner', isMuted: false })
})

test('a list that was cut, or in which one cannot be read, is not taken for all', () => {
  const other = { id: '120363000000000002@newsletter', thread_metadata: { description: 'text' } }
  expect(toFollowed([{ id }, other], 10)).toMatchObject({ states: [{ channelId: id }, {}], isAll: true })
  expect(toFollowed([], 10)).toEqual({ states: [], isAll: true })
  expect(toFollowed([{ id }, other], 1)).toMatchObject({ states: [{}], isAll: false })
  expect(toFollowed([{ id }, { id: 5 }], 10)).toMatchObject({ states: [{ channelId: id }], isAll: false })
  expect(toFollowed([{ id }, null], 10)).toMatchObject({ states: [{ channelId: id }], isAll: false })
})

test('a notice that is no JSON, or has no text, is nothing', () => {
  expect(noticeToFact(notice('{'))).toBeUndefined()
  expect(noticeToFact(notice('null'))).toBeUndefined()
  expect(noticeToFact(notice('{"data":5}'))).toBeUndefined()
  expect(noticeToFact({ tag: 'notification', attrs: {} })).toBeUndefined()
  expect(toSettings({ name: 5 })).toBeUndefined()
  expect(toSettings(undefined)).toBeUndefined()
})

test('a change says only what it names', () => {
  expect(ofEvent('metadata_update', { id, thread_metadata: { name: { text: 'Dos' } } })).toEqual({
    kind: 'channel-change',
    channelId: id,
    change: { name: 'Dos' },
  })
  expect(ofEvent('leave', { id })).toMatchObject({ change: { role: 'guest' } })
  expect(ofEvent('state_change', { id, state: { type: 'DELETED' } })).toMatchObject({ change: { role: 'guest' } })
  expect(ofEvent('mute_change', { id, mute: 'OFF' })).toMatchObject({ change: { isMuted: false } })
  expect(toSettings({ name: { text: 'Tres' }, description: '' })).toEqual({ name: 'Tres', description: '' })
})

test('counts of posts: those with a number and a channel, and as many as anybody needs', () => {
  const post = (attrs: Record<string, string>, count: string): BinaryNode => ({
    tag: 'message',
    attrs,
    content: [{ tag: 'views_count', attrs: { count } }],
  })
  const posts = [post({ server_id: '100' }, '7'), post({ server_id: 'x' }, '7'), post({ server_id: '101' }, '-1')]
  const many = Array.from({ length: 2_000 }, (_, i) => post({ server_id: String(200 + i) }, '1'))
  const told = (from: string, content: BinaryNode[]) =>
    liveUpdatesToFact({
      tag: 'notification',
      attrs: { from },
      content: [{ tag: 'live_updates', attrs: {}, content: [{ tag: 'messages', attrs: {}, content }] }],
    })
  expect(told(id, posts)).toEqual({ kind: 'post-counts', channelId: id, posts: [{ serverId: '100', views: 7 }] })
  expect(told('1@g.us', posts)).toBeUndefined()
  expect(told(id, [])).toBeUndefined()
  expect((told(id, many) as { posts: unknown[] }).posts).toHaveLength(500)
})
