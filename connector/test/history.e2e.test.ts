// What a phone hands over when it is linked: all of it, once, while people go on writing.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

const chats = 200
const each = 100

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const numberOf = (chat: number) => `1555100${1000 + chat}`
async function get(path: string) {
  const answer = await api.call('GET', `/v1/sessions/s/${path}`)
  expect(answer.status, answer.text).toBe(200)
  return answer.body
}

/** Every message of a chat, page by page. */
async function historyOf(phone: string): Promise<any[]> {
  const all: any[] = []
  for (let cursor = ''; ;) {
    const page = await get(`chats/${phone}/messages?limit=200${cursor}`)
    all.push(...page.data)
    if (page.nextCursor === null) return all
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`
  }
}

test(`the history of ${chats} chats with ${chats * each} messages is here within a minute, live messages with it, nothing twice, nothing told as new`, async () => {
  const numbers = Array.from({ length: chats }, (_, i) => numberOf(i))
  const messages = numbers.flatMap((chat, c) =>
    Array.from({ length: each }, (_, i) => ({
      chat,
      fromMe: i % 2 === 0,
      text: `chat ${c} message ${i}`,
      at: new Date(Date.UTC(2026, 0, 1) + (c * each + i) * 1_000).toISOString(),
    })),
  )
  await world.door('POST', '/history', { phone: ana.phone, chats: numbers.map((phone) => ({ phone })), messages })
  await world.link('s', ana)
  const begun = performance.now()
  const live = { to: ana.phone, text: 'live', count: 200 }
  const flowing = world.door('POST', `/phones/${beto.phone}/messages`, live)
  const isWhole = (event: { data: Record<string, unknown> }) => event.data['progress'] === 100
  await world.untilEvent('history.progress', isWhole, 60_000)
  expect(performance.now() - begun).toBeLessThan(60_000)
  await flowing
  await world.until('the live ones', () => world.of('message.received').length >= live.count)

  const received = world.of('message.received').map((event) => event.data['text'])
  expect(received, 'only what is new').toEqual(Array.from({ length: live.count }, (_, i) => `live ${i + 1}`))
  const page = await get('chats?limit=200')
  expect([page.data.length, page.nextCursor === null], 'and the one that is live').toEqual([200, false])
  for (const chat of [0, 99, 199]) {
    const history = await historyOf(numberOf(chat))
    expect(history.map((one) => one.text)).toEqual(
      Array.from({ length: each }, (_, i) => `chat ${chat} message ${each - 1 - i}`),
    )
    expect(history.every((one) => one.historical === true)).toBe(true)
  }
  let counted = 0
  for (const number of numbers) counted += (await historyOf(number)).length
  expect(counted).toBe(chats * each)
})
