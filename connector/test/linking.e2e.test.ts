// Linking and unlinking, by every door a phone has.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openWorld, type World } from '../../scripts/testing/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
  await world.startConnector()
})
afterEach(() => world.close())

test('a QR that is scanned links; the session says who it is', async () => {
  const ana = await world.phone('Ana')
  await world.link('s', ana)
  const session = await world.store.sessions.read('s')
  expect(session).toMatchObject({ status: 'connected', linked: true, phone: ana.phone, wanted: 'linked' })
  expect(session?.qr, 'a QR that was used is not shown any more').toBeUndefined()
})

test('a pairing code links; a wrong one is refused and the right one still works', async () => {
  const ana = await world.phone('Ana')
  await world.createSession('s')
  await world.store.sessions.requestPairing('s', ana.phone)
  const event = await world.untilEvent('session.pairing_code')
  const code = String(event.data['code'])
  const wrong = code.startsWith('A') ? `B${code.slice(1)}` : `A${code.slice(1)}`
  await expect(world.door('POST', `/phones/${ana.phone}/pair`, { code: wrong })).rejects.toThrow(/422|409/)
  await world.door('POST', `/phones/${ana.phone}/pair`, { code })
  await world.untilEvent('session.connected')
  expect((await world.store.sessions.read('s'))?.phone).toBe(ana.phone)
})

test('a QR that WhatsApp tells to rotate is replaced by one that works', async () => {
  const ana = await world.phone('Ana')
  await world.createSession('s')
  const first = String((await world.untilEvent('session.qr')).data['code'])
  await world.door('POST', '/faults', { kind: 'qr-refresh', qr: first })
  const second = await world.untilEvent('session.qr', (event) => event.data['code'] !== first)
  await expect(world.door('POST', `/phones/${ana.phone}/scan`, { qr: first })).rejects.toThrow(/409/)
  await world.door('POST', `/phones/${ana.phone}/scan`, { qr: String(second.data['code']) })
  await world.untilEvent('session.connected')
})

test('logged out from the phone: it is said, the keys are gone, and it does not reconnect by itself', async () => {
  const ana = await world.phone('Ana')
  await world.link('s', ana)
  await world.door('POST', `/phones/${ana.phone}/devices/1/logout`)
  await world.untilEvent('session.logged_out')
  const session = await world.store.sessions.read('s')
  expect(session).toMatchObject({ status: 'disconnected', linked: false })
  expect(session?.phone).toBeUndefined()
  // Asked again, it begins with a new QR.
  await world.store.sessions.want('s', 'linked')
  const qrs = world.of('session.qr').length
  await world.until('a new QR', () => world.of('session.qr').length > qrs)
})

test('logging out on request unlinks the device at the phone', async () => {
  const ana = await world.phone('Ana')
  await world.link('s', ana)
  await world.store.sessions.want('s', 'logged_out')
  await world.untilEvent('session.logged_out')
  expect((await world.phoneState(ana)).devices).toEqual([])
})

test('stopped keeps the link; started again it is back without a QR', async () => {
  const ana = await world.phone('Ana')
  await world.link('s', ana)
  const qrs = world.of('session.qr').length
  await world.store.sessions.want('s', 'stopped')
  await world.untilEvent('session.disconnected')
  expect((await world.store.sessions.read('s'))?.status).toBe('inactive')
  await world.store.sessions.want('s', 'linked')
  await world.until('connected twice', () => world.of('session.connected').length === 2)
  expect(world.of('session.qr').length).toBe(qrs)
})

test('a deleted session takes everything it owned along, and says so last in its stream', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.link('s', ana)
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'hello' })
  await world.untilEvent('message.received')
  await world.store.sessions.want('s', 'deleted')
  await world.untilEvent('session.deleted')
  await world.until('gone', () => world.events.at(-1)?.type === 'session.deleted')
  expect((await world.store.chats.page('s', { limit: 10 })).data).toEqual([])
  expect(await world.store.events.read('s', 0, 10)).toHaveLength(1)
  expect((await world.phoneState(ana)).devices).toEqual([])
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
