// A link goes from one session to another without being linked again.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

const passphrase = 'a long enough passphrase'
let world: World
let api: TestApi
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld()
  const on = { store: world.store, uri: '', dbName: world.dbName, close: () => Promise.resolve() }
  api = await openTestApi({ on, withFeed: false })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const call = (method: string, path: string, body: object = {}) => api.call(method, `/v1/sessions${path}`, { body })
const connected = (stream: string) => world.untilEvent('session.connected', (event) => event.stream === stream)
const codeOf = (answer: { status: number; body: { code: string } }) => [answer.status, answer.body.code]
const textsOf = async (phone: Phone, count: number) => (await world.inbox(phone, count)).map(({ text }) => text)

async function talks(sessionId: string, me: Phone, friend: Phone, text: string, before: number) {
  await world.post(sessionId, friend, `${text} out`)
  expect((await textsOf(friend, before + 1)).at(-1)).toBe(`${text} out`)
  await world.door('POST', `/phones/${friend.phone}/messages`, { to: me.phone, text: `${text} in` })
  await world.untilEvent(
    'message.received',
    ({ stream, data }) => stream === sessionId && data['text'] === `${text} in`,
  )
}

test('stopped, exported and imported under another id a link goes on, both ways, without a QR', async () => {
  await world.link('first', ana)
  await talks('first', ana, beto, 'one', 0)
  expect(codeOf(await call('POST', '/first/export', { passphrase }))).toEqual([409, 'session.running'])
  await call('POST', '/first/stop')
  await world.untilEvent('session.disconnected', ({ data }) => data['reason'] === 'stopped on request')
  const exported = await call('POST', '/first/export', { passphrase })
  expect(exported.status).toBe(200)
  const { bundle } = exported.body
  expect(codeOf(await call('POST', '/first/start'))).toEqual([409, 'session.moved'])
  expect(codeOf(await call('POST', '/import', { bundle, passphrase: `${passphrase}!` }))).toEqual([
    422,
    'bundle.invalid',
  ])

  const imported = await call('POST', '/import', { bundle, passphrase, sessionId: 'second' })
  expect(imported.status).toBe(201)
  await connected('second')
  expect(world.of('session.qr', 'second')).toEqual([])
  await talks('second', ana, beto, 'two', 1)
  expect((await world.phoneState(ana)).devices).toHaveLength(1)
  expect((await world.phoneState(beto)).counters).toMatchObject({ failedDecryptions: 0, retryReceiptsReceived: 0 })

  expect(codeOf(await call('POST', '/import', { bundle, passphrase, sessionId: 'third' }))).toEqual([
    409,
    'session.exists_elsewhere',
  ])
  expect(await world.store.sessions.read('third')).toBeNull()

  await call('DELETE', '/first')
  await world.untilEvent('session.deleted', ({ stream }) => stream === 'first')
  await talks('second', ana, beto, 'three', 2)
})
