// A session that is given a proxy is reached through it and through nothing else: its socket and its files.
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

/** A proxy that asks for a password. */
async function openConnectProxy(password: string) {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer()
  server.on('connect', (request, client: Socket) => {
    const given = Buffer.from(request.headers['proxy-authorization']?.split(' ')[1] ?? '', 'base64').toString()
    if (given !== `user:${password}`) return client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    asked.push(request.url ?? '')
    const { hostname, port } = new URL(`http://${request.url}`)
    const target = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      client.pipe(target).pipe(client)
    })
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => (client.destroy(), target.destroy(), sockets.delete(socket)))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    asked,
    url: `http://user:${password}@127.0.0.1:${port}`,
    shown: `http://user:***@127.0.0.1:${port}/`,
    /** As when the proxy goes away. */
    drop: () => sockets.forEach((socket) => socket.destroy()),
    close: () => (sockets.forEach((socket) => socket.destroy()), server.close()),
  }
}

let world: World
let api: TestApi
let proxy: Awaited<ReturnType<typeof openConnectProxy>>
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld({ connectorEnv: { ALLOW_PRIVATE_ADDRESSES: 'true' } })
  api = await openTestApi({ on: world, env: { ALLOW_PRIVATE_ADDRESSES: 'true' } })
  proxy = await openConnectProxy('s3cret-word')
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
  await world.link('s', ana)
})
afterAll(async () => {
  proxy.close()
  await api.close()
  await world.close()
})

const connections = () => world.of('session.connected').length
const set = (proxyUrl: string | null) => api.call('PATCH', '/v1/sessions/s', { body: { settings: { proxyUrl } } })

test('a session goes through its proxy as soon as it has one, with its files, and straight again without', async () => {
  expect(proxy.asked).toEqual([])
  const before = connections()
  const patched = await set(proxy.url)
  expect(patched.body.settings.proxyUrl, 'nobody is shown the password').toBe(proxy.shown)
  await world.until('it connects again', () => connections() > before)
  expect(proxy.asked).toHaveLength(1)

  const media = {
    kind: 'image',
    base64: Buffer.from('89504e470d0a1a0a', 'hex').toString('base64'),
    mimetype: 'image/png',
  }
  const { messageId } = await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, media })
  await world.untilEvent('message.media_ready', (event) => event.data['messageId'] === messageId)
  expect(proxy.asked.length, 'the file too').toBeGreaterThan(1)

  const through = proxy.asked.length
  const again = connections()
  proxy.drop()
  await world.until('it comes back by the same way', () => connections() > again)
  expect(proxy.asked.length).toBeGreaterThan(through)

  const last = connections()
  await set(null)
  await world.until('straight', () => connections() > last)
  const sofar = proxy.asked.length
  const text = await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'straight' })
  await world.untilEvent('message.received', (event) => event.data['messageId'] === text['messageId'])
  expect(proxy.asked).toHaveLength(sofar)
  const told = JSON.stringify([world.events, world.connectors().map((one) => [one.stdout(), one.stderr()])])
  expect(told).not.toContain('s3cret-word')
})

test('a proxy that could not be called, or whose password is not whole, is refused', async () => {
  const closed = await openTestApi({ on: world })
  for (const proxyUrl of [
    'http://127.0.0.1:8080',
    'http://[::ffff:10.0.0.1]:8080',
    'http://proxy.internal:8080',
    'socks5://proxy.example.com:1080',
    'http://proxy.example.com:8080/path',
    'http://user:***@proxy.example.com:8080',
  ])
    expect(await closed.call('PATCH', '/v1/sessions/s', { body: { settings: { proxyUrl } } }), proxyUrl).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'settings.proxyUrl' }] },
    })
  await closed.close()
})

test('what the phone hands over as a file comes through the proxy too', async () => {
  const eva = await world.phone('Eva')
  const messages = [{ chat: beto.phone, text: 'long ago' }]
  await world.door('POST', '/history', { phone: eva.phone, external: true, chats: [{ phone: beto.phone }], messages })
  const before = proxy.asked.length
  await world.link('t', eva, { proxyUrl: proxy.url })
  await world.untilEvent('history.progress', ({ stream, data }) => stream === 't' && data['progress'] === 100)
  const { body } = await api.call('GET', `/v1/sessions/t/chats/${beto.phone}/messages`)
  expect(body.data).toMatchObject([{ text: 'long ago' }])
  const { host } = new URL(String((await world.door('GET', '/'))['mediaUrl']))
  expect(proxy.asked.slice(before)).toContain(host)
})
