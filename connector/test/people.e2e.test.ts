// What WhatsApp says of people, asked over the API and the real wire.
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

test('numbers are checked, whatever their form', async () => {
  const phones = [`+${beto.phone}`, '+34 600 000 001', beto.phone]
  const answer = await api.call('POST', '/v1/sessions/s/contacts/check', { body: { phones } })
  expect(answer.body).toEqual({
    data: [
      { phone: beto.phone, isOnWhatsapp: true },
      { phone: '34600000001', isOnWhatsapp: false },
    ],
  })
})

test('a question to a session that is linked to no phone says so at once', async () => {
  const session = await api.createSession('away')
  await api.call('POST', `/v1/sessions/${session}/stop`)
  const answer = await api.call('POST', `/v1/sessions/${session}/contacts/check`, { body: { phones: [beto.phone] } })
  expect(answer).toMatchObject({ status: 503, body: { code: 'session.not_connected', retryable: true } })
})
