// Our own account and the people around it, over the real wire: names, words, pictures, privacy, blocks, calls, settings at once.
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
  await world.link('s', ana)
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const at = (path: string) => `/v1/sessions/s/${path}`
const call = (method: string, path: string, body?: object) =>
  api.call(method, `${at(path)}?wait=30`, body ? { body } : {})
const ask = async (path: string) => (await api.call('GET', at(path))).body as Record<string, unknown>
const onPhone = (path: string, body: object, phone = beto, method: 'POST' | 'PATCH' = 'POST') =>
  world.door(method, `/phones/${phone.phone}/${path}`, body)
const profileOf = (phone: Phone) => world.door('GET', `/phones/${phone.phone}/profile`)

test('our name and words, changed from either side', async () => {
  expect(await call('PATCH', 'profile', { name: 'Ana Sur', about: 'closed on Mondays' })).toMatchObject({ status: 200 })
  expect(await profileOf(ana)).toMatchObject({ about: 'closed on Mondays' })
  const told = await world.door('GET', `/phones/${ana.phone}/app-state`)
  expect(JSON.stringify(told)).toContain('"pushNameSetting":{"name":"Ana Sur"}')
  expect(await ask('profile')).toMatchObject({
    name: 'Ana Sur',
    about: 'closed on Mondays',
    phone: ana.phone,
    pictureUrl: null,
  })
  await onPhone('app-state', { pushName: 'Ana Norte' }, ana)
  await world.untilEvent('session.updated', (event) => event.data['pushName'] === 'Ana Norte')
  expect((await api.call('GET', '/v1/sessions/s')).body.pushName).toBe('Ana Norte')
  const renamed = world.of('session.updated').filter((event) => event.data['pushName'] === 'Ana Sur')
  expect(renamed, 'a change is told once').toHaveLength(1)
})

test('words and picture of others; a picture that changes is told and asked for again', async () => {
  await onPhone('profile', { about: 'gone fishing', pictureUrl: 'https://pictures.invalid/1' }, beto, 'PATCH')
  expect(await ask(`contacts/${beto.phone}/about`)).toMatchObject({ about: 'gone fishing' })
  expect(await ask(`contacts/${beto.phone}/picture`)).toEqual({ url: 'https://pictures.invalid/1' })
  await onPhone('messages', { to: ana.phone, text: 'hola' })
  await world.untilEvent('message.received')
  await world.post('s', beto, 'so that we know his devices')
  await world.untilEvent('message.delivered')
  await onPhone('profile', { pictureUrl: 'https://pictures.invalid/2' }, beto, 'PATCH')
  await world.untilEvent('contact.updated', (event) => event.data['picture'] === 'changed')
  expect(await ask(`contacts/${beto.phone}/picture`)).toEqual({ url: 'https://pictures.invalid/2' })
})

test('our picture, and a group’s: set from a file, taken away; what is no picture is refused, and so is who is no admin', async () => {
  const png = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#284' } })
    .png()
    .toBuffer()
  const upload = async (bytes: Buffer, type: string) => {
    const headers = { authorization: `Bearer ${api.adminKey}`, 'content-type': type }
    const made = await api.app.request('/v1/media', { method: 'POST', headers, body: new Uint8Array(bytes) })
    return ((await made.json()) as { fileId: string }).fileId
  }
  const [fileId, broken] = [await upload(png, 'image/png'), await upload(png.subarray(0, 40), 'image/png')]
  expect(await call('PUT', 'profile/picture', { fileId })).toMatchObject({ status: 200 })
  expect((await profileOf(ana))['pictureUrl']).toMatch(/^https:/)
  expect(await call('DELETE', 'profile/picture')).toMatchObject({ status: 200 })
  expect((await profileOf(ana))['pictureUrl']).toBeNull()
  expect(await call('PUT', 'profile/picture', { fileId: broken })).toMatchObject({
    body: { code: 'media.unsupported' },
  })
  expect(
    await call('PUT', 'profile/picture', { fileId: fileId.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')) }),
  ).toMatchObject({ status: 404 })

  const made = await call('POST', 'groups', { subject: 'Sur', participants: [beto.phone] })
  const { groupId } = made.body.result
  expect(await ask(`groups/${groupId}`), 'who is told of it finds it').toMatchObject({ subject: 'Sur' })
  expect(await call('PUT', `groups/${groupId}/picture`, { fileId })).toMatchObject({ status: 200 })
  const group = await world.door('GET', `/groups/${groupId}`)
  expect(
    (group['group'] as { pictureBytes: number } | undefined)?.pictureBytes ?? group['pictureBytes'],
  ).toBeGreaterThan(0)
  const theirs = await world.door('POST', '/groups', { owner: beto.phone, subject: 'Norte', participants: [ana.phone] })
  const { id } = theirs['group'] as { id: string }
  await world.untilEvent('group.updated', (event) => event.data['groupId'] === id)
  await world.door('PATCH', `/groups/${id}`, { by: beto.phone, locked: true })
  const refused = await call('DELETE', `groups/${id}/picture`)
  expect(refused.body.code).toBe('group.not_admin')
  expect(await call('DELETE', `groups/${groupId}`)).toMatchObject({ status: 200 })
  const { messageId } = await onPhone('messages', { to: ana.phone, text: 'after you left' })
  await world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)
  expect(
    (await api.call('GET', at(`groups/${groupId}`))).status,
    'forgotten, also when WhatsApp tells of it later',
  ).toBe(404)
})

test('privacy: what we set WhatsApp has, what it does not take is refused', async () => {
  expect(await call('PATCH', 'privacy', { lastSeen: 'none', readReceipts: 'none' })).toMatchObject({ status: 200 })
  expect(await profileOf(ana)).toMatchObject({ privacy: { last: 'none', readreceipts: 'none' } })
  expect(await ask('privacy')).toMatchObject({ lastSeen: 'none', readReceipts: 'none', about: 'all' })
  expect(await call('PATCH', 'privacy', { lastSeen: 'friends' })).toMatchObject({ status: 422 })
  expect(await call('PATCH', 'privacy', {})).toMatchObject({ status: 422 })
})

test('one person has two addresses, whichever is asked for', async () => {
  const both = { lid: beto.lid, phone: beto.phone }
  expect((await api.call('GET', `${at('lids')}?phone=%2B${beto.phone}`)).body).toEqual(both)
  expect(await ask(`lids/${beto.lid.replace('@lid', '')}`)).toEqual(both)
  expect(await ask('lids/1234567')).toMatchObject({ code: 'contact.not_found' })
  expect(await ask(`lids/${beto.phone}@s.whatsapp.net`)).toMatchObject({ code: 'request.invalid' })
})

test('blocked and let in again, from either side, also while we were away', async () => {
  expect(await call('PUT', `contacts/${beto.phone}/block`)).toMatchObject({ status: 200 })
  expect(await profileOf(ana)).toMatchObject({ blocked: [beto.phone] })
  expect(await ask('blocklist')).toMatchObject({ data: [{ lid: beto.lid, phone: beto.phone }] })
  expect(await ask(`contacts/${beto.phone}`)).toMatchObject({ isBlocked: true })
  expect(await call('DELETE', `contacts/${beto.phone}/block`)).toMatchObject({ status: 200 })
  expect(await profileOf(ana)).toMatchObject({ blocked: [] })
  expect(await call('PUT', `contacts/${ana.phone}/block`)).toMatchObject({
    status: 409,
    body: { code: 'contact.self' },
  })
  expect(await call('PUT', 'contacts/34600000001/block')).toMatchObject({
    status: 422,
    body: { code: 'recipient.not_on_whatsapp' },
  })
  const told = world.of('contact.updated').length
  await onPhone('block', { who: beto.phone }, ana)
  await world.until('it is heard of', () =>
    world
      .of('contact.updated')
      .slice(told)
      .some(({ data }) => data['isBlocked'] === true),
  )
  const disconnected = world.of('session.disconnected').length
  await api.call('POST', '/v1/sessions/s/stop')
  await world.until('it is stopped', () => world.of('session.disconnected').length > disconnected)
  await onPhone('block', { who: beto.phone, blocked: false }, ana)
  await api.call('POST', '/v1/sessions/s/start')
  await world.until('he is let in', () => world.of('contact.updated').at(-1)?.data['isBlocked'] === false)
  expect(await ask(`contacts/${beto.phone}`)).toMatchObject({ isBlocked: false })
})

type Played = { callId: string; state: string; rejectedBy: number[] }
const ring = async () => (await onPhone('calls', { to: ana.phone, video: true })) as unknown as Played
const callsOf = async (phone: Phone) =>
  (await world.door('GET', `/phones/${phone.phone}/calls`))['data'] as unknown as Played[]

test('a call rings, is rejected, and is over; another is missed', async () => {
  const { callId } = await ring()
  const offered = await world.untilEvent('call.offered', (event) => event.data['callId'] === callId)
  expect(offered.data).toMatchObject({ isVideo: true, phone: beto.phone, state: 'ringing' })
  expect(await call('POST', `calls/${callId}/reject`)).toMatchObject({ status: 200 })
  expect((await callsOf(beto)).find((one) => one.callId === callId)).toMatchObject({ state: 'rejected' })
  const ended = await world.untilEvent('call.ended', (event) => event.data['callId'] === callId)
  expect(ended.data).toMatchObject({ state: 'rejected' })
  expect(await call('POST', `calls/${callId}/reject`)).toMatchObject({ status: 409, body: { code: 'call.over' } })
  expect(await call('POST', 'calls/none/reject')).toMatchObject({ status: 404, body: { code: 'call.not_found' } })
  const missed = await ring()
  await world.untilEvent('call.offered', (event) => event.data['callId'] === missed.callId)
  await onPhone(`calls/${missed.callId}/end`, { reason: 'timeout' })
  await world.untilEvent('call.ended', (event) => event.data['state'] === 'missed')
  const listed = (await ask('calls'))['data'] as { callId: string }[]
  expect(listed.map((one) => one.callId).sort()).toEqual([missed.callId, callId].sort())
})

test('settings are taken at once: calls rejected with one message each, presence, read receipts', async () => {
  const patch = (settings: object) => api.call('PATCH', '/v1/sessions/s', { body: { settings } })
  const state = async (phone: Phone) => (await world.door('GET', `/phones/${phone.phone}`)) as { presence?: unknown }
  expect((await patch({ rejectCalls: { enabled: true, message: 'please write' } })).status).toBe(200)
  expect((await patch({ rejectCalls: { enabled: true, message: '' } })).status).toBe(422)
  const ended = world.of('call.ended').length
  const calls = [(await ring()).callId, (await ring()).callId]
  await world.until('both are rejected', () => world.of('call.ended').length >= ended + 2)
  const played = (await callsOf(beto)).filter(({ callId }) => calls.includes(callId))
  expect(played.map((one) => [one.state, one.rejectedBy.length])).toEqual([
    ['rejected', 1],
    ['rejected', 1],
  ])
  await world.until(
    'both are told',
    () => world.of('message.delivered').filter((e) => e.data['text'] === 'please write').length === 2,
  )
  const told = (await world.inbox(beto)) as { text?: string }[]
  expect(told.filter(({ text }) => text === 'please write')).toHaveLength(2)

  await call('PATCH', 'privacy', { readReceipts: 'all' })
  await patch({ rejectCalls: { enabled: false }, markOnline: true, autoRead: true })
  await expect.poll(async () => (await state(ana)).presence).toBe('available')
  const left = await ring()
  await world.untilEvent('call.offered', (event) => event.data['callId'] === left.callId)
  const { messageId } = await onPhone('messages', { to: ana.phone, text: 'read at once' })
  const sent = `/phones/${beto.phone}/sent?messageId=${String(messageId)}&receipt=read&atLeast=1&wait=60`
  expect((await world.door('GET', sent))['data']).toHaveLength(1)
  expect((await callsOf(beto)).find(({ callId }) => callId === left.callId)).toMatchObject({ state: 'ringing' })
})
