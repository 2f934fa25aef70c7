// Files under kill -9: one that was half here, one that was half there. Each is there once afterwards, and nothing else is.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import sharp from 'sharp'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import type { Child } from '../../scripts/testing/child.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let client: MongoClient
let connector: Child
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  client = await MongoClient.connect(world.uri)
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  connector = await world.startConnector()
  await world.link('s', ana)
})
afterAll(async () => {
  await client?.close()
  await api?.close()
  await world.close()
})

const names = async (collection: string, field: string): Promise<Set<unknown>> =>
  new Set(await client.db(world.dbName).collection(collection).distinct(field))
const none = new Set()

async function killed(): Promise<void> {
  connector.kill('SIGKILL')
  await connector.exited
  connector = await world.startConnector()
}

/** Everything that connectors have on disk now, by name. */
const onDisk = () =>
  readdirSync(world.connectorTmp).flatMap((name) => [name, ...readdirSync(join(world.connectorTmp, name))])

/** Whole files only, each with its row; on disk the empty folder of the one that lives. */
async function nothingLeftBehind(): Promise<void> {
  const rows = await names('media', '_id')
  expect(await names('media.files', '_id')).toEqual(rows)
  expect(await names('media.chunks', 'files_id')).toEqual(rows)
  expect(await names('media', 'writingSince')).toEqual(none)
  // What a file was worked on with goes right behind the event.
  await expect.poll(onDisk).toEqual([expect.stringMatching(new RegExp(`-${connector.pid}-`))])
}

/** What is looked at changes without an event. */
async function seen(look: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise((resolve) => setImmediate(resolve))
}

test('a file that was half fetched is there once, whole, when the next connector has been at it', async () => {
  await world.door('POST', '/media/downloads', { hold: true })
  const media = { kind: 'document', size: 3_000_000, fileName: 'half' }
  const { messageId } = await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, media })
  await seen(async () => (await names('media.chunks', 'files_id')).size > 0)
  expect(await names('media.files', '_id')).toEqual(none)
  await killed()
  await world.door('POST', '/media/downloads', { hold: false })
  const { data } = await world.untilEvent('message.media_ready', (event) => event.data['messageId'] === messageId)
  expect(data['media']).toMatchObject({ state: 'stored', size: 3_000_000 })
  expect(world.of('message.media_ready')).toHaveLength(1)
  await nothingLeftBehind()
})

test('a picture whose upload was cut short goes once, and nothing of it stays on disk', async () => {
  const jpeg = await sharp({ create: { width: 900, height: 900, channels: 3, background: '#07a' } })
    .jpeg()
    .toBuffer()
  await world.door('POST', '/media/uploads', { hold: true })
  const { body } = await api.call('POST', '/v1/sessions/s/messages', {
    body: { to: beto.phone, type: 'image', media: { base64: jpeg.toString('base64') }, caption: 'once' },
  })
  await seen(() => onDisk().some((name) => name.endsWith('-enc')))
  await killed()
  await world.door('POST', '/media/uploads', { hold: false })
  await world.untilEvent('message.sent', (event) => event.data['messageId'] === body.messageId)
  const next = await world.post('s', beto, 'and on')
  await world.untilEvent('message.sent', (event) => event.data['messageId'] === next)
  expect((await world.inbox(beto, 2)).map(({ kind, text, deliveries }) => ({ kind, text, deliveries }))).toEqual([
    { kind: 'image', text: 'once', deliveries: 1 },
    { kind: 'text', text: 'and on', deliveries: 1 },
  ])
  expect(world.of('message.sent').filter((event) => event.data['messageId'] === body.messageId)).toHaveLength(1)
  await nothingLeftBehind()
  await connector.stop()
  expect(readdirSync(world.connectorTmp)).toEqual([])
})
