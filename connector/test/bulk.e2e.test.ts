// One message to many, over the real wire: outcomes, progress, a cancel in the middle, a connector killed in the middle.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import type { Child } from '../../scripts/testing/child.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let connector: Child
let phones: Phone[]
beforeAll(async () => {
  world = await openWorld()
  const on = { store: world.store, uri: '', dbName: world.dbName, close: () => Promise.resolve() }
  api = await openTestApi({ on, withFeed: false })
  const [ana, ...others] = await Promise.all(Array.from({ length: 26 }, (_, i) => world.phone(`Phone ${i}`)))
  phones = others
  connector = await world.startConnector()
  await world.link('s', ana!)
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const nobody = (i: number) => `549115559990${i}`
async function send(text: string, to: readonly string[]): Promise<string> {
  const recipients = to.map((phone, i) => ({ to: phone, variables: { n: i } }))
  const answer = await api.call('POST', '/v1/sessions/s/messages/bulk', {
    body: { recipients, message: { type: 'text', text: `${text} {{n}}` } },
  })
  expect(answer.status).toBe(202)
  return answer.body.batchId as string
}
const progress = (batchId: string) => world.of('batch.progress', 's').filter(({ data }) => data['batchId'] === batchId)
const ended = (batchId: string) =>
  world.untilEvent('batch.progress', ({ data }) => data['batchId'] === batchId && data['left'] === 0)
const read = async (batchId: string) => (await api.call('GET', `/v1/sessions/s/batches/${batchId}`)).body
const outcomes = async (batchId: string, state: string) =>
  (await api.call('GET', `/v1/sessions/s/batches/${batchId}/recipients?state=${state}&limit=200`)).body.data
const textsOf = async (phone: Phone, text: string) =>
  (await world.inbox(phone)).map((row) => row.text ?? '').filter((one) => one.startsWith(text))

test('of thirty recipients those on WhatsApp get their own words, the others are named, and progress ends at 0', async () => {
  const to = phones.map(({ phone }) => phone)
  const missing = [0, 1, 2, 3, 4].map(nobody)
  const batchId = await send('hello', [...to.slice(0, 10), ...missing, ...to.slice(10)])
  expect((await ended(batchId)).data).toEqual({
    batchId,
    total: 30,
    left: 0,
    sent: 25,
    failed: 5,
    cancelled: 0,
    expired: 0,
  })
  expect(await read(batchId)).toMatchObject({ total: 30, left: 0, sent: 25, failed: 5 })
  const failed = (await outcomes(batchId, 'failed')) as { index: number; code: string }[]
  expect(failed.map(({ index, code }) => [index, code])).toEqual(
    [10, 11, 12, 13, 14].map((index) => [index, 'recipient.not_on_whatsapp']),
  )
  // Phones have it a moment after WhatsApp has taken it.
  for (const phone of [phones[0]!, phones[24]!]) await world.inbox(phone, 1)
  expect(await textsOf(phones[0]!, 'hello')).toEqual(['hello 0'])
  expect(await textsOf(phones[24]!, 'hello')).toEqual(['hello 29'])
  const steps = progress(batchId)
  expect(steps.length).toBeGreaterThan(1)
  expect(steps.length).toBeLessThanOrEqual(20)
  expect(steps.map(({ data }) => data['left'] as number)).toEqual(
    steps.map(({ data }) => data['left'] as number).toSorted((a, b) => b - a),
  )
})

test('a connector killed in the middle sends the rest, nothing twice, and tells the end once', async () => {
  const batchId = await send(
    'again',
    phones.map(({ phone }) => phone),
  )
  await world.until('some are sent', () => progress(batchId).length >= 3)
  connector.kill('SIGKILL')
  await connector.exited
  connector = await world.startConnector()
  const end = await ended(batchId)
  expect(end.data).toMatchObject({ total: 25, left: 0, sent: 25, failed: 0 })
  for (const [i, phone] of phones.entries()) {
    await world.inbox(phone, 2)
    expect(await textsOf(phone, 'again')).toEqual([`again ${i}`])
  }
  expect(progress(batchId).filter(({ data }) => data['left'] === 0)).toHaveLength(1)
})

test('cancelled at a slow pace, what has not gone stays here, and both ends add up', async () => {
  connector.kill('SIGKILL')
  await connector.exited
  await world.store.sessions.patch('s', { settings: { pace: { perMinute: 60 } } })
  connector = await world.startConnector()
  const batchId = await send(
    'slow',
    phones.map(({ phone }) => phone),
  )
  await world.until('one is told', () => progress(batchId).length >= 1)
  const answer = await api.call('DELETE', `/v1/sessions/s/batches/${batchId}`)
  expect(answer.status).toBe(200)
  const { data } = await ended(batchId)
  const [sent, cancelled] = [data['sent'] as number, data['cancelled'] as number]
  expect([sent + cancelled, sent > 0, cancelled > 0]).toEqual([25, true, true])
  expect(await read(batchId)).toMatchObject({ left: 0, sent, cancelled })
  const got = async () => (await Promise.all(phones.map((phone) => textsOf(phone, 'slow')))).flat()
  await expect.poll(got).toHaveLength(sent)
})

test('an end that was cut short before it was told is told by the next owner', async () => {
  // With nobody here none of them leaves before it is cancelled.
  connector.kill('SIGKILL')
  await connector.exited
  const batchId = await send(
    'cut',
    phones.slice(0, 3).map(({ phone }) => phone),
  )
  const rows = await world.store.batches.page(batchId, { limit: 10 })
  // As an API that ended right after it had cancelled the commands.
  for (const { _id } of rows.data) await world.store.commands.cancel(_id, () => true)
  expect(progress(batchId).some(({ data }) => data['left'] === 0)).toBe(false)
  connector = await world.startConnector()
  expect((await ended(batchId)).data).toMatchObject({ total: 3, left: 0, cancelled: 3 })
})
