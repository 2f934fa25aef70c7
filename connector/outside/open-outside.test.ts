import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { request } from 'undici'
import { openOutside, type Outside, type OutsideOptions } from './open-outside.ts'

let server: Server
let port: number
let calls = 0
beforeAll(async () => {
  server = createServer((_request, response) => {
    calls += 1
    response.end('inside')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => void server.close())

async function answerOf(url: string, options: Partial<OutsideOptions> = {}): Promise<string> {
  const outside: Outside = openOutside({ allowPrivate: false, ...options })
  try {
    const answer = await request(url, { dispatcher: outside.dispatcher })
    return await answer.body.text()
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  } finally {
    await outside.close()
  }
}
const resolvesTo =
  (...addresses: string[]): NonNullable<OutsideOptions['resolve']> =>
  (_name, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

test('a name that leads inside is refused in the lookup of the connection itself', async () => {
  const url = `http://rebind.example:${port}/`
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.1', '169.254.169.254', '64:ff9b::7f00:1'])
    expect(await answerOf(url, { resolve: resolvesTo(address) }), address).toBe('ADDRESS_FORBIDDEN')
  expect(await answerOf(url, { resolve: resolvesTo('93.184.216.34', '127.0.0.1') }), 'one among public ones').toBe(
    'ADDRESS_FORBIDDEN',
  )
  expect(calls).toBe(0)
})

test('the name is asked once for a connection: the answer that is checked is the one that is used', async () => {
  let asked = 0
  const resolve: NonNullable<OutsideOptions['resolve']> = (name, callback) => {
    asked += 1
    resolvesTo('127.0.0.1')(name, callback)
  }
  const url = `http://rebind.example:${port}/`
  expect(await answerOf(url, { resolve })).toBe('ADDRESS_FORBIDDEN')
  expect(await answerOf(url, { resolve, allowPrivate: true })).toBe('inside')
  expect([asked, calls]).toEqual([2, 1])
  calls = 0
})

test('an address written out is refused too, though nobody looks it up', async () => {
  for (const host of ['127.0.0.1', '[::1]', '2130706433', '[::ffff:127.0.0.1]', 'localhost'])
    expect(await answerOf(`http://${host}:${port}/`), host).toBe('ADDRESS_FORBIDDEN')
  expect(calls).toBe(0)
})

test('with private addresses allowed the same calls arrive', async () => {
  expect(await answerOf(`http://127.0.0.1:${port}/`, { allowPrivate: true })).toBe('inside')
  expect(
    await answerOf(`http://inside.example:${port}/`, { allowPrivate: true, resolve: resolvesTo('127.0.0.1') }),
  ).toBe('inside')
})

test('vet says so before anything is tried', async () => {
  const outside = openOutside({ allowPrivate: false })
  expect(() => outside.vet('https://10.0.0.1/')).toThrow(/private network/)
  expect(() => outside.vet('https://example.com/')).not.toThrow()
  await outside.close()
})
