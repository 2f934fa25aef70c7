import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { MongoClient } from 'mongodb'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'

let api: TestApi
let session: string
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  session = await api.createSession()
})

const events = (query: string) => api.call('GET', `/v1/events?stream=${session}${query}`)
const append = (n: number, type: 'message.received' | 'chat.updated' = 'message.received') =>
  api.store.events.appendOnce(
    session,
    Array.from({ length: n }, (_, i) => ({ type, data: { n: i } })),
  )

test('a stream is read in order, page by page, without a gap', async () => {
  await append(7)
  const seen: number[] = []
  let cursor = ''
  do {
    const page = await events(`&limit=3${cursor}`)
    seen.push(...page.body.data.map((event: any) => event.seq))
    cursor = page.body.nextCursor === null ? '' : `&cursor=${page.body.nextCursor}`
  } while (cursor !== '')
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})

test('`after` continues where a reader stopped; the place comes back', async () => {
  await append(3)
  const page = await events('&after=2')
  expect(page.body.data.map((event: any) => event.id)).toEqual([`${session}:3`, `${session}:4`])
  expect(page.body.at).toEqual({ [session]: 4 })
  expect(await events('&after=4')).toMatchObject({
    status: 200,
    body: { data: [], nextCursor: null, at: { [session]: 4 } },
  })
})

test('a filter that matches nothing still moves the place', async () => {
  await append(5)
  const page = await events('&types=presence.*,chat.updated')
  expect(page.body).toEqual({ data: [], nextCursor: null, at: { [session]: 6 } })
  await append(1, 'chat.updated')
  expect((await events('&after=6&types=chat.*')).body.data).toMatchObject([{ seq: 7, type: 'chat.updated' }])
})

test('types that no event can have are refused with the nouns there are', async () => {
  const answer = await events('&types=message.*,foo.*')
  expect([answer.status, answer.body.errors]).toEqual([
    422,
    [{ path: 'types.1', message: expect.stringMatching(/matches no event; there are \*, session\.\*, message\.\*/) }],
  ])
})

test('a place older than what is kept is 410 cursor.too_old, never silence', async () => {
  await append(5)
  const client = new MongoClient(api.uri)
  await client
    .db(api.dbName)
    .collection('events')
    .deleteMany({ stream: session, seq: { $lte: 4 } })
  expect(await events('&after=2')).toMatchObject({ status: 410, body: { code: 'cursor.too_old' } })
  expect((await events('&after=4')).body.data.map((event: any) => event.seq)).toEqual([5, 6])
  expect((await events('')).body.data.map((event: any) => event.seq)).toEqual([5, 6])
  await client.db(api.dbName).collection('events').deleteMany({ stream: session })
  expect((await events('&after=4')).status).toBe(410)
  await client.close()
})

test('a place that was never reached, or of another stream, is 422 cursor.invalid', async () => {
  expect(await events('&after=99')).toMatchObject({ status: 422, body: { code: 'cursor.invalid' } })
  const other = await api.createSession()
  await api.call('PATCH', `/v1/sessions/${other}`, { body: { name: 'x' } })
  const { nextCursor } = (await api.call('GET', `/v1/events?stream=${other}&limit=1`)).body
  expect(await events(`&cursor=${nextCursor}`)).toMatchObject({ status: 422, body: { code: 'cursor.invalid' } })
})

test('the team stream is open to a key that is not limited to sessions', async () => {
  expect(await api.call('GET', '/v1/events?stream=team')).toMatchObject({ status: 200, body: { data: [] } })
})
