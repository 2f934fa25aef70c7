// What exporting and importing refuse, and that a refusal changes nothing.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'
import { sealBundle, type Bundle } from '../../../shared/store/bundle.ts'

const passphrase = 'a long enough passphrase'
let api: TestApi
let count = 0
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

const credsOf = (device: string) => JSON.stringify({ me: { id: device }, secret: 'TOPSECRET' })
/** A device of its own each time. */
const nextDevice = () => `54911666${String((count += 1)).padStart(5, '0')}:7@s.whatsapp.net`
const sealed = (device = nextDevice(), more: object = {}) =>
  sealBundle(
    { sandbox: true, creds: credsOf(device), keys: [{ type: 'session', id: 'a.0', json: '{"a":1}' }], ...more },
    passphrase,
  )
const importIt = (bundle: unknown, more: object = {}) =>
  api.call('POST', '/v1/sessions/import', { body: { bundle, passphrase, ...more } })
const exportIt = (id: string, words = passphrase) =>
  api.call('POST', `/v1/sessions/${id}/export`, { body: { passphrase: words } })
const rest = async (id: string) => {
  const session = await api.store.sessions.want(id, 'stopped')
  await api.store.sessions.update(id, { status: 'inactive', actedRevision: session!.wantedRevision })
}
const said = (answer: { status: number; body: { code: string } }) => [answer.status, answer.body.code]

test('what is imported can be exported again, the same, once it is at rest', async () => {
  const device = nextDevice()
  const made = await importIt(await sealed(device), { sessionId: 'there', name: 'There' })
  expect([made.status, made.body.name, made.body.phone]).toEqual([201, 'There', device.split(':')[0]])
  expect(said(await exportIt('there'))).toEqual([409, 'session.running'])
  await api.store.sessions.want('there', 'stopped')
  expect(said(await exportIt('there')), 'its owner has not stopped yet').toEqual([409, 'session.running'])
  await rest('there')
  const exported = await exportIt('there')
  expect(exported.status).toBe(200)
  expect(exported.text).not.toContain('TOPSECRET')
  expect((await exportIt('there')).status, 'again').toBe(200)

  for (const wish of ['start', 'restart'])
    expect(said(await api.call('POST', `/v1/sessions/there/${wish}`))).toEqual([409, 'session.moved'])
  const phone = { body: { phone: '+54 9 11 5555-0000' } }
  expect((await api.call('POST', '/v1/sessions/there/pairing-code', phone)).status).toBeGreaterThanOrEqual(400)
  expect((await api.store.sessions.read('there'))?.wanted).toBe('stopped')

  const again = await importIt(exported.body.bundle, { sessionId: 'here' })
  expect(again.status).toBe(201)
  expect(await api.store.auth.readAll('here')).toEqual({
    creds: credsOf(device),
    keys: [{ type: 'session', id: 'a.0', json: '{"a":1}' }],
  })
  const force = () => api.call('POST', '/v1/sessions/there/start?force=true')
  expect(said(await force()), 'it lives here now').toEqual([409, 'session.exists_elsewhere'])
  await api.store.sessions.remove('here')
  const forced = await force()
  expect([forced.status, forced.body.movedAt]).toEqual([202, undefined])
})

test('a device that another session holds is refused, another device of the same phone is not', async () => {
  const device = nextDevice()
  await importIt(await sealed(device), { sessionId: 'holder' })
  expect(said(await importIt(await sealed(device), { sessionId: 'second' }))).toEqual([409, 'session.exists_elsewhere'])
  await rest('holder')
  expect(said(await importIt(await sealed(device), { sessionId: 'second' })), 'stopped, but not moved').toEqual([
    409,
    'session.exists_elsewhere',
  ])
  expect([await api.store.sessions.read('second'), await api.store.auth.readAll('second')]).toEqual([null, undefined])
  expect((await importIt(await sealed(device.replace(':7', ':8')), { sessionId: 'second' })).status).toBe(201)
})

test('imported twice at once a link lives at most once', async () => {
  const bundle = await sealed()
  const answers = await Promise.all([importIt(bundle), importIt(bundle), importIt(bundle)])
  expect(answers.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(1)
  for (const answer of answers.filter(({ status }) => status !== 201))
    expect(said(answer)).toEqual([409, 'session.exists_elsewhere'])
})

test('a wrong passphrase and whatever is wrong with a bundle are answered in the same words', async () => {
  const bundle = await sealed()
  const flipped = `${bundle.data.startsWith('A') ? 'B' : 'A'}${bundle.data.slice(1)}`
  const bad: [unknown, string][] = [
    [bundle, 'another long passphrase'],
    [{ ...bundle, data: flipped }, passphrase],
    [{ ...bundle, data: '' }, passphrase],
    [{ ...bundle, kdf: { ...bundle.kdf, N: 1_073_741_824 } }, passphrase],
    [{ ...bundle, kdf: { ...bundle.kdf, salt: 'AAAA' } }, passphrase],
    [{ ...bundle, more: 1 }, passphrase],
    [{}, passphrase],
    [await sealed('nobody'), passphrase],
    [await sealed(nextDevice(), { creds: '{"me":null}' }), passphrase],
    [await sealed(nextDevice(), { keys: [{ type: '$where', id: 'a', json: '{}' }] }), passphrase],
  ]
  const answers = await Promise.all(
    bad.map(([one, words]) => importIt(one, { passphrase: words, sessionId: 'not-there' })),
  )
  for (const { status, body } of answers)
    expect([status, body.code, body.title, body.detail]).toEqual([
      422,
      'bundle.invalid',
      answers[0]?.body.title,
      answers[0]?.body.detail,
    ])
  expect(await api.store.sessions.read('not-there')).toBeNull()
})

test('another version, a short passphrase, a taken id, a foreign key are refused by name', async () => {
  const bundle: Bundle = await sealed()
  expect(said(await importIt({ ...bundle, version: 2 }))).toEqual([422, 'bundle.unsupported'])
  const short = await importIt(bundle, { passphrase: 'short' })
  expect([...said(short), short.body.errors[0].path]).toEqual([422, 'request.invalid', 'passphrase'])
  const id = await api.createSession()
  expect(said(await importIt(bundle, { sessionId: id }))).toEqual([409, 'session.exists'])
  expect(said(await exportIt(id))).toEqual([409, 'session.not_linked'])
  expect(said(await exportIt('nowhere'))).toEqual([404, 'session.not_found'])
  const { key } = await api.createKey({ scopes: ['sessions.write'], sessions: ['other'] })
  const foreign = await api.call('POST', '/v1/sessions/import', { body: { bundle, passphrase }, key })
  expect(said(foreign)).toEqual([403, 'auth.forbidden'])
  const { key: reader } = await api.createKey({ scopes: ['sessions.read'] })
  const read = await api.call('POST', `/v1/sessions/${id}/export`, { body: { passphrase }, key: reader })
  expect(said(read)).toEqual([403, 'auth.forbidden'])
})
