// Linking and unlinking, by every door a phone has.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventType, StoredEvent } from '../../shared/model/event.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
  await world.startConnector()
})
afterAll(() => world.close())

/** What the stream of one session says. */
const says = (sessionId: string, type: EventType, fits: (event: StoredEvent) => boolean = () => true) =>
  world.untilEvent(type, (event) => event.stream === sessionId && fits(event))

test('a QR that is scanned links; the session says who it is', async () => {
  const ana = await world.phone('Ana')
  await world.link('scanned', ana)
  const session = await world.store.sessions.read('scanned')
  expect(session).toMatchObject({ status: 'connected', linked: true, phone: ana.phone, wanted: 'linked' })
  expect(session?.qr, 'a QR that was used is not shown any more').toBeUndefined()
})

test('a pairing code links; a wrong one is refused and the right one still works', async () => {
  const ana = await world.phone('Ana')
  await world.createSession('paired')
  await world.store.sessions.requestPairing('paired', ana.phone)
  const event = await says('paired', 'session.pairing_code')
  const code = String(event.data['code'])
  const wrong = code.startsWith('A') ? `B${code.slice(1)}` : `A${code.slice(1)}`
  await expect(world.door('POST', `/phones/${ana.phone}/pair`, { code: wrong })).rejects.toThrow(/422|409/)
  await world.door('POST', `/phones/${ana.phone}/pair`, { code })
  await says('paired', 'session.connected')
  expect((await world.store.sessions.read('paired'))?.phone).toBe(ana.phone)
})

test('a QR that WhatsApp tells to rotate is replaced by one that works', async () => {
  const ana = await world.phone('Ana')
  await world.createSession('rotated')
  const first = String((await says('rotated', 'session.qr')).data['code'])
  await world.door('POST', '/faults', { kind: 'qr-refresh', qr: first })
  const second = await says('rotated', 'session.qr', (event) => event.data['code'] !== first)
  await expect(world.door('POST', `/phones/${ana.phone}/scan`, { qr: first })).rejects.toThrow(/409/)
  await world.door('POST', `/phones/${ana.phone}/scan`, { qr: String(second.data['code']) })
  await says('rotated', 'session.connected')
})

test('logged out from the phone: it is said, the keys are gone, and it does not reconnect by itself', async () => {
  const ana = await world.phone('Ana')
  await world.link('unlinked', ana)
  await world.door('POST', `/phones/${ana.phone}/devices/1/logout`)
  await says('unlinked', 'session.logged_out')
  const session = await world.store.sessions.read('unlinked')
  expect(session).toMatchObject({ status: 'disconnected', linked: false })
  expect(session?.phone).toBeUndefined()
  // Asked again, it begins with a new QR.
  await world.store.sessions.want('unlinked', 'linked')
  const qrs = world.of('session.qr', 'unlinked').length
  await world.until('a new QR', () => world.of('session.qr', 'unlinked').length > qrs)
})

test('logging out on request unlinks the device at the phone', async () => {
  const ana = await world.phone('Ana')
  await world.link('left', ana)
  await world.store.sessions.want('left', 'logged_out')
  await says('left', 'session.logged_out')
  expect((await world.phoneState(ana)).devices).toEqual([])
})

test('stopped keeps the link; started again it is back without a QR', async () => {
  const ana = await world.phone('Ana')
  await world.link('stopped', ana)
  const qrs = world.of('session.qr', 'stopped').length
  await world.store.sessions.want('stopped', 'stopped')
  await says('stopped', 'session.disconnected')
  expect((await world.store.sessions.read('stopped'))?.status).toBe('inactive')
  await world.store.sessions.want('stopped', 'linked')
  await world.until('connected twice', () => world.of('session.connected', 'stopped').length === 2)
  expect(world.of('session.qr', 'stopped').length).toBe(qrs)
})

test('a deleted session takes everything it owned along, and says so last in its stream', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.link('deleted', ana)
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'hello' })
  await says('deleted', 'message.received')
  await world.store.sessions.want('deleted', 'deleted')
  await says('deleted', 'session.deleted')
  await world.until(
    'the last word',
    () => world.events.findLast(({ stream }) => stream === 'deleted')?.type === 'session.deleted',
  )
  expect((await world.store.chats.page('deleted', { limit: 10 })).data).toEqual([])
  expect(await world.store.events.read('deleted', 0, 10)).toHaveLength(1)
  expect((await world.phoneState(ana)).devices).toEqual([])
})

test('what waits for a number that was logged out goes when it is back, and never from another number', async () => {
  const [ana, beto, eva] = [await world.phone('Ana'), await world.phone('Beto'), await world.phone('Eva')]
  const relink = async (phone: Phone) => {
    const before = world.of('session.connected', 'whose').length
    const qrs = world.of('session.qr', 'whose').length
    await world.store.sessions.want('whose', 'linked')
    const qr = await world.until('a new QR', () => world.of('session.qr', 'whose')[qrs])
    await world.door('POST', `/phones/${phone.phone}/scan`, { qr: String(qr.data['code']) })
    await world.until('connected again', () => world.of('session.connected', 'whose').length > before)
  }
  const leave = async () => {
    const before = world.of('session.logged_out', 'whose').length
    await world.store.sessions.want('whose', 'logged_out')
    await world.until('logged out', () => world.of('session.logged_out', 'whose').length > before)
  }
  await world.link('whose', ana)
  await leave()
  await world.post('whose', beto, 'from Ana alone')
  await relink(ana)
  expect((await world.inbox(beto, 1)).map(({ text }) => text)).toEqual(['from Ana alone'])

  await leave()
  const waiting = await world.post('whose', beto, 'never from Eva')
  await relink(eva)
  const failed = await says('whose', 'message.failed', (event) => event.data['messageId'] === waiting)
  expect(failed.data['error']).toMatchObject({ code: 'session.other_account' })
  const later = await world.post('whose', beto, 'from Eva')
  await says('whose', 'message.sent', (event) => event.data['messageId'] === later)
  expect((await world.inbox(beto, 2)).map(({ text }) => text)).toEqual(['from Ana alone', 'from Eva'])
  expect(await world.store.sessions.read('whose')).toMatchObject({ phone: eva.phone, lastPhone: eva.phone })
})

test('WHATSAPP_URL makes an ordinary session use another server that speaks the protocol', async () => {
  const ana = await world.phone('Ana')
  const { wsUrl } = await world.door('GET', '/')
  const other = await openWorld()
  try {
    await other.startConnector({ WHATSAPP_URL: String(wsUrl), SANDBOX_URL: '' })
    await other.createSession('plain', {}, false)
    const qr = await other.untilEvent('session.qr')
    await world.door('POST', `/phones/${ana.phone}/scan`, { qr: String(qr.data['code']) })
    await other.untilEvent('session.connected')
  } finally {
    await other.close()
  }
})
