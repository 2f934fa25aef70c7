// A link of a stock Baileys client, kept in Baileys' own folder, goes on as a session.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { importFolder } from './import-folder.ts'
import { folderAuth, startClient } from './sandbox/test/client.ts'
import { startChild, type Child } from './testing/child.ts'
import { testSecret } from './testing/mongo.ts'
import { openWorld, type Phone, type World } from './testing/world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
  await world.startConnector()
})
afterAll(() => world.close())

const connected = (stream: string) => world.untilEvent('session.connected', (event) => event.stream === stream)
const textsOf = async (phone: Phone, count: number) => (await world.inbox(phone, count)).map(({ text }) => text)

test("a folder of Baileys' own is imported and goes on, both ways, without a QR", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wastream-folder-'))
  const [eva, beto] = [await world.phone('Eva'), await world.phone('Beto')]
  const { wsUrl } = (await world.door('GET', '/')) as { wsUrl: string }
  const { state, saveCreds } = await folderAuth(folder)
  const start = () => {
    const client = startClient(wsUrl, state)
    client.sock.ev.on('creds.update', () => void saveCreds())
    return client
  }
  const linking = start()
  await world.door('POST', `/phones/${eva.phone}/scan`, { qr: await linking.qr() })
  await linking.closed()
  const client = start()
  await client.opened()
  await client.sock.sendMessage(`${beto.phone}@s.whatsapp.net`, { text: 'from a folder' })
  expect((await textsOf(beto, 1)).at(-1)).toBe('from a folder')
  client.stop()
  await client.closed()
  await saveCreds()

  let served: Child | undefined
  try {
    const { token: key } = await world.store.apiKeys.create({ name: 'test', scopes: ['sessions.write'] }, 'test')
    served = await startChild('functions/entry/node.ts', {
      MONGODB_URI: inject('mongodbUri'),
      MONGODB_DB: world.dbName,
      SECRET_KEY: testSecret,
      SANDBOX_URL: world.sandbox.ready['sandbox'] ?? '',
      PORT: '0',
      LOG_LEVEL: 'info',
    })
    const url = served.ready['api'] ?? ''
    expect(await importFolder(folder, { url, key, sessionId: 'eva', sandbox: true })).toBe('eva')
    await connected('eva')
    expect(world.of('session.qr', 'eva')).toEqual([])
    await world.post('eva', beto, 'out')
    expect((await textsOf(beto, 2)).at(-1)).toBe('out')
    await world.door('POST', `/phones/${beto.phone}/messages`, { to: eva.phone, text: 'in' })
    await world.untilEvent('message.received', ({ data }) => data['text'] === 'in')
    expect((await world.phoneState(beto)).counters).toMatchObject({ failedDecryptions: 0, retryReceiptsReceived: 0 })

    const said =
      [served, ...world.connectors()].map((one) => one.stdout() + one.stderr()).join('') + JSON.stringify(world.events)
    for (const secret of [state.creds.noiseKey.private, state.creds.signedIdentityKey.private])
      expect(said).not.toContain(Buffer.from(secret).toString('base64'))
    expect(said).not.toContain(state.creds.advSecretKey)
  } finally {
    await served?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
