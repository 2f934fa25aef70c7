import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getOutside } from './get-outside.ts'

let server: Server
let url: string
beforeAll(async () => {
  server = createServer((_request, response) => {
    response.writeHead(500, { 'content-length': '1000000' })
    response.write('the rest never comes')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('a body that is given up before its end ends nothing else', async () => {
  const uncaught: unknown[] = []
  const note = (error: unknown) => uncaught.push(error)
  process.on('uncaughtException', note)
  const answer = await getOutside(url, { signal: new AbortController().signal })
  const listened = answer.body.listenerCount('error')
  const closed = once(answer.body, 'close').catch(() => undefined)
  answer.body.destroy()
  await closed
  process.off('uncaughtException', note)
  expect(listened, 'whoever destroys it need not listen').toBeGreaterThan(0)
  expect(uncaught).toEqual([])
})

test('whoever reads a body hears that it broke', async () => {
  const stop = new AbortController()
  const answer = await getOutside(url, { signal: stop.signal })
  const read = async () => {
    for await (const _chunk of answer.body) stop.abort()
  }
  await expect(read()).rejects.toThrow(/abort/i)
})
