// Files among several people: in a group, quoted, sent on. What WhatsApp has already is not uploaded again.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import sharp from 'sharp'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
let eva: Phone
let group: string
let jpeg: Buffer
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto, eva] = [await world.phone('Ana'), await world.phone('Beto'), await world.phone('Eva')]
  jpeg = await sharp({ create: { width: 500, height: 400, channels: 3, background: '#70a' } })
    .jpeg()
    .toBuffer()
  await world.startConnector()
  await world.link('s', ana)
  const participants = [ana.phone, eva.phone]
  const made = await world.door('POST', '/groups', { owner: beto.phone, subject: 'Fotos', participants })
  group = (made['group'] as { id: string }).id
  await world.untilEvent('group.updated', (event) => event.data['groupId'] === group)
})
afterAll(async () => {
  await api?.close()
  await world.close()
})

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const picture = () => ({ kind: 'image', base64: jpeg.toString('base64'), caption: 'look' })
const uploads = async () => Number((await world.door('GET', '/media'))['uploads'])

/** A phone sends; what the feed says of it. */
async function comes(from: Phone, body: object): Promise<Record<string, any>> {
  const { messageId } = await world.door('POST', `/phones/${from.phone}/messages`, body)
  return (await world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)).data
}
const ready = async (messageId: string): Promise<Record<string, any>> =>
  (await world.untilEvent('message.media_ready', (event) => event.data['messageId'] === messageId)).data

/** The API waits until WhatsApp has it; answers its id. */
async function goes(path: string, body: object): Promise<string> {
  const answer = await api.call('POST', `/v1/sessions/s/messages${path}?wait=30`, { body })
  expect(answer.status, answer.text).toBe(201)
  return answer.body.messageId
}
async function arrived(phone: Phone, messageId: string): Promise<Record<string, any> | undefined> {
  const at = `/phones/${phone.phone}/messages?messageId=${messageId}&atLeast=1&wait=60`
  return ((await world.door('GET', at))['data'] as Record<string, any>[])[0]
}

test('a picture goes into a group once for all of them, and comes from one of them', async () => {
  const before = await uploads()
  const media = { base64: jpeg.toString('base64') }
  const messageId = await goes('', { to: group, type: 'image', media, caption: 'for all' })
  for (const phone of [beto, eva]) {
    const row = await arrived(phone, messageId)
    expect(row).toMatchObject({ group, kind: 'image', text: 'for all', from: ana.phone })
    expect(row?.['details'].media).toMatchObject({ sha256: sha256(jpeg), width: 500, height: 400 })
  }
  expect((await uploads()) - before).toBe(1)

  const told = await comes(eva, { to: group, media: picture() })
  expect(told).toMatchObject({ chatId: group, from: eva.lid, type: 'image', text: 'look', media: { state: 'remote' } })
  expect((await ready(told['messageId']))['media']).toMatchObject({ state: 'stored', sha256: sha256(jpeg) })
  const head = await api.call('HEAD', `/v1/sessions/s/messages/${told['messageId']}/media`)
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(jpeg.length)])
})

test('a picture of a group that WhatsApp has forgotten is uploaded again by the phone', async () => {
  const { messageId } = await comes(beto, { to: group, media: { kind: 'video', size: 4_000 } })
  await world.door('POST', '/media/forget', {})
  const answer = await api.app.request(`/v1/sessions/s/messages/${messageId}/media`, {
    headers: { authorization: `Bearer ${api.adminKey}` },
  })
  expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([200, 4_000])
})

test('a picture is quoted by a text and by a picture, in both directions', async () => {
  const theirs = await comes(beto, { to: ana.phone, media: picture() })
  const quoting = { to: beto.phone, quotedMessageId: theirs['messageId'] }
  const text = await goes('', { ...quoting, type: 'text', text: 'nice' })
  const answer = await goes('', { ...quoting, type: 'image', media: { base64: jpeg.toString('base64') } })
  for (const id of [text, answer])
    expect(await arrived(beto, id)).toMatchObject({
      quotedMessageId: theirs['messageId'],
      context: { quotedKind: 'image' },
    })
  const back = await comes(beto, { to: ana.phone, text: 'isn’t it', quotedMessageId: answer })
  expect(back).toMatchObject({ type: 'text', quotedMessageId: answer })
})

test('a picture is sent on, ours and theirs, into a chat and into a group, without another upload', async () => {
  const theirs = await comes(beto, { to: ana.phone, media: picture() })
  await ready(theirs['messageId'])
  const ours = await goes('', { to: beto.phone, type: 'image', media: { base64: jpeg.toString('base64') } })
  const before = await uploads()
  for (const to of [eva.phone, group])
    for (const [messageId, isTheirs] of [
      [theirs['messageId'], true],
      [ours, false],
    ] as const) {
      const sentOn = await goes(`/${messageId}/forward`, { to })
      const row = await arrived(eva, sentOn)
      expect(row).toMatchObject({ kind: 'image', text: isTheirs ? 'look' : '' })
      expect(row?.['details'].media).toMatchObject({ sha256: sha256(jpeg) })
      expect(row?.['context']?.forwardingScore).toBe(isTheirs ? 1 : undefined)
      const { body } = await api.call('GET', `/v1/sessions/s/messages/${sentOn}`)
      expect(body).toMatchObject({ type: 'image', media: { state: 'stored', sha256: sha256(jpeg) } })
      const file = await api.call('HEAD', `/v1/sessions/s/messages/${sentOn}/media`)
      expect(file.status).toBe(200)
    }
  expect(await uploads()).toBe(before)
})
