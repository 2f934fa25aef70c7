// A history as WhatsApp's phones hand it over, as encrypted files on the media host; and one of which not every part
// makes sense: what does is here, and what does not does not come again for ever.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  await world.startConnector()
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const textsOf = async (session: string, chat: Phone) => {
  const { body } = await api.call('GET', `/v1/sessions/${session}/chats/${chat.phone}/messages`)
  return (body.data as { text?: string }[]).map(({ text }) => text)
}
const whole = (session: string) =>
  world.untilEvent('history.progress', (event) => event.stream === session && event.data['progress'] === 100)
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()
const downloads = async () => Number((await world.door('GET', '/media'))['downloads'])

test('a link whose history lies encrypted on the media host', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  const messages = Array.from({ length: 50 }, (_, i) => ({ chat: beto.phone, text: `message ${i}`, at: at(i) }))
  const chats = [{ phone: beto.phone, name: 'Beto', unread: 2 }]
  await world.door('POST', '/history', { phone: ana.phone, external: true, chats, messages })
  await world.link('blobs', ana)
  await whole('blobs')
  expect(await downloads()).toBeGreaterThanOrEqual(3)
  expect(await textsOf('blobs', beto)).toEqual(Array.from({ length: 50 }, (_, i) => `message ${49 - i}`))
  const { body: chat } = await api.call('GET', `/v1/sessions/blobs/chats/${beto.phone}`)
  expect(chat).toMatchObject({ name: 'Beto', unreadCount: 2 })
})

test('rows that do not say which message they are: the rest of their part is here', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  const messages = ['one', 'nobody', 'two'].map((text, i) => ({
    chat: beto.phone,
    text,
    at: at(i),
    keyless: text === 'nobody',
  }))
  await world.door('POST', '/history', { phone: ana.phone, chats: [{ phone: beto.phone }], messages })
  await world.link('rows', ana)
  await whole('rows')
  expect(await textsOf('rows', beto)).toEqual(['two', 'one'])
})

const unreadable = 'a part of what the phone handed over cannot be read'

test('a part of which nobody can make anything costs no other part, and is given up at the second look', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  const messages = [{ chat: beto.phone, text: 'long ago', at: at(0) }]
  await world.door('POST', '/history', {
    phone: ana.phone,
    external: true,
    unreadable: true,
    chats: [{ phone: beto.phone }],
    messages,
  })
  await world.link('odd', ana)
  await whole('odd')
  expect(await textsOf('odd', beto)).toEqual(['long ago'])
  for (const [start, looks] of [
    [1, 1],
    [2, 0],
  ] as const) {
    const before = world.connectors().at(-1)
    before?.kill('SIGKILL')
    await before?.exited
    const connected = () => world.of('session.connected', 'odd').length
    const soFar = connected()
    const connector = await world.startConnector()
    await world.until('it is back', () => connected() > soFar)
    await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: `start ${start}` })
    await world.untilEvent('message.received', (event) => event.data['text'] === `start ${start}`)
    await expect.poll(() => connector.stderr().split(unreadable).length - 1).toBe(looks)
  }
  expect(await textsOf('odd', beto)).toEqual(['start 2', 'start 1', 'long ago'])
})
