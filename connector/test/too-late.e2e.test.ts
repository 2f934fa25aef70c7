// Changes that come too late, or that WhatsApp does not take: said with a code, and nothing has changed, here or there.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
const old = 'OLD0000000000001'
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  const at = new Date(Date.now() - 25 * 60_000).toISOString()
  const messages = [{ chat: beto.phone, fromMe: true, text: 'long ago', at, messageId: old }]
  await world.door('POST', '/history', { phone: ana.phone, chats: [{ phone: beto.phone }], messages })
  await world.startConnector()
  await world.link('s', ana)
  await world.untilEvent('history.progress', (event) => event.data['progress'] === 100)
})
afterAll(async () => {
  await api.close()
  await world.close()
})

const path = '/v1/sessions/s/messages'
const edit = (messageId: string) =>
  api.call('PATCH', `${path}/${messageId}?wait=30`, { body: { text: 'something else' } })
/** What Beto's phone has been told of it, once it has what was written after it. */
async function atBeto(messageId: string): Promise<string[]> {
  const after = await world.post('s', beto, 'after it')
  await world.untilEvent('message.delivered', (event) => event.data['messageId'] === after)
  return (await world.inbox(beto)).filter((row) => row.targetId === messageId).map(({ kind }) => kind)
}
const standing = async (messageId: string) => (await world.store.messages.find('s', messageId))[0]

test('a text older than WhatsApp lets anybody edit: refused before anything goes out', async () => {
  const before = await standing(old)
  expect(await edit(old)).toMatchObject({ status: 409, body: { code: 'message.too_old' } })
  expect(await atBeto(old)).toEqual([])
  expect(await standing(old)).toEqual(before)
})

test('an order to edit that has waited until it was too late ends with the same code', async () => {
  const before = await standing(old)
  const _id = randomBytes(12).toString('hex')
  const chatId = before?.chatId ?? ''
  const payload = { chatId, targetId: old, text: 'something else' }
  await world.store.commands.accept({
    _id,
    sessionId: 's',
    lane: chatId,
    kind: 'message.edit',
    payload,
    actor: 'test',
  })
  expect(await atBeto(old)).toEqual([])
  await expect
    .poll(() => world.store.commands.read(_id))
    .toMatchObject({ state: 'failed', error: { code: 'message.too_old' } })
  expect(await standing(old)).toEqual(before)
})

test('what WhatsApp does not take is told with its code, and the message stands as it was', async () => {
  const messageId = await world.post('s', beto, 'as it is')
  await world.untilEvent('message.delivered', (event) => event.data['messageId'] === messageId)
  const before = await standing(messageId)
  for (const change of [() => edit(messageId), () => api.call('DELETE', `${path}/${messageId}?wait=30`)]) {
    await world.door('POST', '/faults', { kind: 'nack', phone: ana.phone, code: 479 })
    const answer = await change()
    expect(answer).toMatchObject({ status: 502, body: { code: 'command.failed' } })
    const [command] = (await world.store.commands.page('s', { limit: 1 })).data
    expect(command).toMatchObject({ state: 'failed', error: { code: 'whatsapp.479' } })
  }
  expect(await atBeto(messageId)).toEqual([])
  expect(await standing(messageId)).toEqual(before)
  expect(world.of('message.edited').concat(world.of('message.revoked'))).toEqual([])
})

test('a text that is not old is edited, and an old one can still be taken back', async () => {
  const messageId = await world.post('s', beto, 'just now')
  await world.untilEvent('message.delivered', (event) => event.data['messageId'] === messageId)
  expect((await edit(messageId)).status).toBe(200)
  expect((await api.call('DELETE', `${path}/${old}?wait=30`)).status).toBe(200)
  expect(await atBeto(messageId)).toEqual(['edit'])
  expect(await atBeto(old)).toEqual(['revoke'])
})
