// The pace of a session that is at work: what PATCH asks for holds from the next message on, through a real connector.
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { startChild, type Child } from '../../scripts/testing/child.ts'
import { testSecret } from '../../scripts/testing/mongo.ts'
import { openWorld, type World } from '../../scripts/testing/world.ts'

const adminKey = 'an-administrator-for-this-test'
let world: World
let api: Child
beforeEach(async () => {
  world = await openWorld()
  api = await startChild('functions/entry/node.ts', {
    MONGODB_URI: inject('mongodbUri'),
    MONGODB_DB: world.dbName,
    SECRET_KEY: testSecret,
    ADMIN_API_KEY: adminKey,
    PORT: '0',
    LOG_LEVEL: 'error',
  })
})
afterEach(async () => {
  await api.stop()
  await world.close()
})

async function patchPace(pace: object): Promise<number> {
  const response = await fetch(`${api.ready['api']}/v1/sessions/s`, {
    method: 'PATCH',
    headers: { 'x-api-key': adminKey, 'content-type': 'application/json' },
    body: JSON.stringify({ settings: { pace } }),
  })
  return response.status
}

test('messages that wait for a slow pace leave at once when a faster one is asked for', async () => {
  const [ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
  await world.link('s', ana, { pace: { perMinute: 1 } })
  for (const text of ['one', 'two', 'three']) await world.post('s', beto, text)
  await world.inbox(beto, 1)
  const waiting = await world.store.commands.waiting('s', 10)
  expect(
    waiting.map(({ payload }) => (payload as { content: { text?: string } }).content.text),
    'a minute each',
  ).toEqual(['two', 'three'])

  const askedAt = performance.now()
  expect(await patchPace({ perMinute: 6_000 })).toBe(200)
  expect((await world.inbox(beto, 3)).map(({ text }) => text)).toEqual(['one', 'two', 'three'])
  expect(performance.now() - askedAt, 'neither of them waited for its minute').toBeLessThan(20_000)
})
