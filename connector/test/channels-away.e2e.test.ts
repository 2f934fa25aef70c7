// Posts are in the database once, whatever happens to the connector; what became of channels meanwhile is known afterwards.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { numbered, openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
let news: string
let other: string
/** Ana's. */
let own: string
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  ;[news, other] = [await make('Noticias'), await make('Otro')]
  own = String((await world.door('POST', '/channels', { owner: ana.phone, name: 'Propio' }))['id'])
  await world.startConnector()
  await world.link('s', ana)
  for (const channel of [news, other])
    expect((await api.call('PUT', `/v1/sessions/s/channels/${channel}/follow?wait=30`)).status).toBe(200)
  await world.untilEvent('channel.updated', ({ data }) => data['channelId'] === own)
})
afterAll(async () => {
  await api.close()
  await world.close()
})

async function make(name: string): Promise<string> {
  const { id } = await world.door('POST', '/channels', { owner: beto.phone, name })
  await world.door('PUT', `/channels/${String(id)}/followers`, { phone: ana.phone, followed: true })
  return String(id)
}
const write = (text: string) => world.door('POST', `/channels/${news}/posts`, { by: beto.phone, text })
const received = () => world.of('message.received').filter(({ data }) => data['chatId'] === news)
async function kill(): Promise<void> {
  const connector = world.connectors().at(-1)
  connector?.kill('SIGKILL')
  await connector?.exited
}
const names = async () =>
  ((await api.call('GET', '/v1/sessions/s/channels')).body.data as { name: string }[]).map(({ name }) => name)

test('posts of the time away come in their order, once, and the list of channels is there before the phone is', async () => {
  await kill()
  const texts = numbered('away', 30)
  for (const text of texts) await write(text)
  await world.door('PATCH', `/channels/${news}`, { by: beto.phone, name: 'Noticiero' })
  await world.door('PUT', `/channels/${other}/followers`, { phone: ana.phone, followed: false })
  expect(await names()).toEqual(['Noticias', 'Otro', 'Propio'])
  await world.startConnector()
  await world.until('all have come', () => received().length >= texts.length)
  expect(received().map(({ data }) => data['text'])).toEqual(texts)
  await world.untilEvent('channel.updated', ({ data }) => data['name'] === 'Noticiero')
  await expect.poll(names).toEqual(['Noticiero', 'Propio'])
})

test('a connector that dies in the midst of a burst of posts loses none of them, and writes none twice', async () => {
  const before = received().length
  const texts = numbered('burst', 120)
  const writing = (async () => {
    for (const text of texts) await write(text)
  })()
  for (const share of [20, 60]) {
    await world.until(`${share} have come`, () => received().length >= before + share)
    await kill()
    await world.startConnector()
  }
  await writing
  await world.until('all have come', () => received().length >= before + texts.length)
  expect(
    received()
      .map(({ data }) => data['text'])
      .slice(before),
  ).toEqual(texts)
  const rows = await world.store.messages.page('s', news, { limit: 200 })
  expect(rows.data).toHaveLength(before + texts.length)
  expect(new Set(rows.data.map(({ post }) => post?.serverId)).size).toBe(before + texts.length)
})

test('a post of ours stands in the channel once, also when the connector dies before it hears that the server has it', async () => {
  const post = async (text: string) => {
    const sent = await api.call('POST', '/v1/sessions/s/messages', { body: { type: 'text', to: own, text } })
    expect(sent.status, sent.text).toBe(202)
  }
  const onServer = async () =>
    ((await world.door('GET', `/channels/${own}`))['posts'] as { text: string }[]).map(({ text }) => text)
  const sent = () => world.of('message.sent').filter(({ data }) => data['chatId'] === own)
  // Told to be slow before it is connected, the server would not let it in.
  await expect.poll(() => world.connectors().at(-1)?.stderr()).toContain('"msg":"connected"')
  const texts = numbered('mine', 3)
  for (const [i, text] of texts.entries()) {
    const isAnyPoint = i === 1
    // The server's word is on its way until it is too late; or it dies at any point before that.
    if (!isAnyPoint) await world.door('POST', '/faults', { kind: 'delay', phone: ana.phone, ms: 60_000 })
    await post(text)
    if (!isAnyPoint) await expect.poll(onServer).toContain(text)
    await kill()
    await world.door('DELETE', '/faults')
    await world.startConnector()
    await world.until(`${text} is sent`, () => sent().some(({ data }) => data['text'] === text))
  }
  expect(await onServer()).toEqual(texts)
  expect(sent().map(({ data }) => data['text'])).toEqual(texts)
  const rows = (await world.store.messages.page('s', own, { limit: 100 })).data.toReversed()
  expect(rows.map(({ text, status, post: { serverId = '' } = {} }) => [text, status, serverId])).toEqual(
    texts.map((text, i) => [text, 'sent', String(100 + i)]),
  )
})

test('with `ignoreChannels` posts are dropped from the moment it is set, and do not come back', async () => {
  await api.call('PATCH', '/v1/sessions/s', { body: { settings: { ignoreChannels: true } } })
  // What is wanted is heard of a moment later.
  await world.until('it is heard of', () => world.of('session.updated').length > 0)
  let isDropped = false
  for (let i = 0; !isDropped; i += 1) {
    await write(`ignored ${i}`)
    await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: `after ${i}` })
    await world.untilEvent('message.received', (event) => event.data['text'] === `after ${i}`)
    isDropped = !received().some(({ data }) => data['text'] === `ignored ${i}`)
  }
  const before = received().length
  await kill()
  await world.startConnector()
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'back' })
  await world.untilEvent('message.received', (event) => event.data['text'] === 'back')
  expect(received()).toHaveLength(before)
})
