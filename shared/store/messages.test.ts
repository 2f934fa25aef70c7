import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import { messageStatuses, type Message, type MessageStatus } from '../model/message.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const at = new Date(1_000_000)
const message = (id: string, more: Partial<Message> = {}): Message => ({
  _id: `s/c/me/${id}`,
  sessionId: 's',
  chatId: 'c',
  messageId: id,
  sender: 'me',
  fromMe: true,
  type: 'text',
  text: id,
  timestamp: at,
  status: 'queued',
  statusTimes: {},
  reactions: [],
  createdAt: at,
  ...more,
})

test('a status never goes back, whatever order the receipts arrive in, a hundred times', async () => {
  const { messages } = opened.store
  const later = messageStatuses.slice(1)
  await Promise.all(
    Array.from({ length: 100 }, async (_, round) => {
      const id = `race-${round}`
      await messages.insert([message(id)])
      const turned = [...later.slice(round % 4), ...later.slice(0, round % 4), 'failed' as const]
      const told: MessageStatus[] = []
      await Promise.all(
        turned.map(async (status) => {
          const row = await messages.advance(message(id)._id, status, at)
          if (row?.status) told.push(row.status)
        }),
      )
      const row = await messages.read(message(id)._id)
      expect(row?.status).toBe('played')
      expect(told.filter((status) => status === 'played')).toHaveLength(1)
      expect(new Set(told).size, 'each step is told once').toBe(told.length)
    }),
  )
})

test('what was read does not fail any more, and what failed may still be sent', async () => {
  const { messages } = opened.store
  await messages.insert([message('read'), message('failed')])
  const error = { code: 'x', reason: 'y' }
  await messages.advance('s/c/me/read', 'read', at)
  expect(await messages.advance('s/c/me/read', 'failed', at, error)).toBeNull()
  expect(await messages.advance('s/c/me/failed', 'failed', at, error)).toMatchObject({ status: 'failed', error })
  const sent = await messages.advance('s/c/me/failed', 'sent', at)
  expect(sent?.status).toBe('sent')
  expect(sent?.error).toBeUndefined()
})

test('a message written twice at once stands once, as it was first, and is new to one writer only', async () => {
  const { messages } = opened.store
  const fresh = await Promise.all(
    Array.from({ length: 30 }, (_, i) => messages.insert([message('twice', { text: `${i}` })])),
  )
  const winners = fresh.flatMap((keys, i) => (keys.size > 0 ? [i] : []))
  expect(winners).toHaveLength(1)
  expect((await messages.read('s/c/me/twice'))?.text).toBe(`${winners[0]}`)
  await messages.advance('s/c/me/twice', 'read', at)
  expect(await messages.insert([message('twice'), message('other')])).toEqual(new Set(['s/c/me/other']))
  expect((await messages.read('s/c/me/twice'))?.status, 'its life stays').toBe('read')
})

test('a placeholder is replaced by the text, and nothing else is', async () => {
  const { messages } = opened.store
  const { text: _text, ...placeholder } = message('late', { type: 'undecryptable' })
  await messages.insert([placeholder])
  expect(await messages.replaceUndecryptable(message('late'))).toBe(true)
  expect(await messages.replaceUndecryptable(message('late', { text: 'again' }))).toBe(false)
  expect((await messages.read('s/c/me/late'))?.text).toBe('late')
})

test('an older edit never takes the newer one’s place, and what is revoked is neither edited nor revoked again', async () => {
  const { messages } = opened.store
  await messages.insert([message('edited')])
  const key = 's/c/me/edited'
  expect((await messages.edit(key, 'new', new Date(2000)))?.text).toBe('new')
  expect(await messages.edit(key, 'older', new Date(1000))).toBeNull()
  expect((await messages.revoke(key, new Date(3000)))?.text).toBeUndefined()
  expect(await messages.edit(key, 'late', new Date(4000))).toBeNull()
  expect(await messages.revoke(key, new Date(5000))).toBeNull()
})

test('one reaction per person, also when all react at once; operators in it are text', async () => {
  const { messages } = opened.store
  await messages.insert([message('liked')])
  const key = 's/c/me/liked'
  await Promise.all(
    Array.from({ length: 40 }, (_, i) => messages.react(key, { sender: `p${i % 10}`, emoji: `${i}`, at })),
  )
  const row = await messages.react(key, { sender: '$text', emoji: '$$ROOT', at })
  expect(row?.reactions.map((one) => one.sender).toSorted()).toEqual(
    [...Array.from({ length: 10 }, (_, i) => `p${i}`), '$text'].toSorted(),
  )
  expect(row?.reactions.at(-1)).toEqual({ sender: '$text', emoji: '$$ROOT', at })
  expect((await messages.react(key, { sender: '$text', emoji: '', at }))?.reactions).toHaveLength(10)
})

test('history gives each message once, newest first, also where many have the same second', async () => {
  const { messages } = opened.store
  const rows = Array.from({ length: 60 }, (_, i) =>
    message(`h${i}`, { _id: `h/c/me/h${i}`, sessionId: 'h', timestamp: new Date(Math.floor(i / 20) * 1000) }),
  )
  await messages.insert(rows)
  const seen: Message[] = []
  let cursor: string | undefined
  do {
    const page = await messages.page('h', 'c', { limit: 7, cursor })
    seen.push(...page.data)
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(new Set(seen.map((one) => one._id)).size).toBe(60)
  const times = seen.map((one) => one.timestamp.getTime())
  expect(times).toEqual(times.toSorted((a, b) => b - a))
  const middle = await messages.page('h', 'c', { limit: 50, after: new Date(0), before: new Date(2000) })
  expect(middle.data.map((one) => one.timestamp.getTime())).toEqual(Array.from({ length: 20 }, () => 1000))
})

test('a vote that comes late never takes a later one’s place; of one person one counts, and a revoke takes them all', async () => {
  const { messages } = opened.store
  const row = message('poll', { type: 'poll', poll: { question: '?', options: ['a', 'b'], selectable: 1 } })
  await messages.insert([row])
  const vote = (option: string, seconds: number) => ({
    sender: '1@lid',
    options: [option],
    at: new Date(at.getTime() + seconds * 1_000),
  })
  await messages.vote(row._id, vote('a', 5))
  expect(await messages.vote(row._id, vote('b', 4)), 'late').toBeNull()
  expect((await messages.vote(row._id, vote('a', 5)))?.votes, 'told again').toHaveLength(1)
  await messages.vote(row._id, { ...vote('b', 1), sender: '2@lid' })
  expect((await messages.read(row._id))?.votes?.map(({ options }) => options)).toEqual([['a'], ['b']])
  await messages.revoke(row._id, at)
  const revoked = await messages.read(row._id)
  expect([revoked?.votes, revoked?.poll]).toEqual([undefined, undefined])
  expect(await messages.vote(row._id, vote('a', 9)), 'what is gone takes no votes').toBeNull()
})
