// A page is asked for its name as a stranger would be: from public addresses only, little, and not for long.
import { createServer, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openOutside, type Outside } from '../../outside/open-outside.ts'
import { findAddress, previewPage } from './preview-page.ts'

let server: Server
let serve: RequestListener
let called = 0
let open: Outside
let closed: Outside
beforeAll(async () => {
  server = createServer((request, response) => {
    called += 1
    serve(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open = openOutside({ allowPrivate: true })
  closed = openOutside({ allowPrivate: false })
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await Promise.all([open.close(), closed.close()])
})

const { signal } = new AbortController()
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/page`
const ask = (html: string, type = 'text/html; charset=utf-8') => {
  serve = (_request, response) => response.setHeader('content-type', type).end(html)
  return previewPage(open, url(), signal)
}

test('a page is named as it wants to be shared, else by its title, in one line', async () => {
  const head = '<title>Plain\n title</title><meta name="description" content="what it is">'
  expect(await ask(`<html><head>${head}`)).toEqual({ url: url(), title: 'Plain title', description: 'what it is' })
  const og = '<meta property="og:title" content="For &lt;you&gt;"><meta property="og:description" content="more">'
  expect(await ask(`${head}${og}`)).toMatchObject({ title: 'For <you>', description: 'more' })
  expect((await ask(`<title>${'x'.repeat(10_000)}</title>`))?.title).toHaveLength(300)
})

test('what is no page, or has no name, gives no preview', async () => {
  expect(await ask('<title>x</title>', 'application/pdf')).toBeUndefined()
  expect(await ask('<p>nothing')).toBeUndefined()
  serve = (_request, response) => response.writeHead(500).end()
  expect(await previewPage(open, url(), signal)).toBeUndefined()
})

test('a page without an end is read to half a megabyte', async () => {
  let sent = 0
  serve = (_request, response) => {
    response.setHeader('content-type', 'text/html')
    const more = () => {
      while (!response.destroyed && response.write('<p>'.padEnd(65_536, 'x'))) sent += 65_536
    }
    response.write('<title>long</title>')
    response.on('drain', more)
    more()
  }
  expect(await previewPage(open, url(), signal)).toMatchObject({ title: 'long' })
  expect(sent).toBeLessThan(64 * 1_048_576)
})

test('what is inside is not called, also not by a redirect', async () => {
  const before = called
  expect(await previewPage(closed, url(), signal)).toBeUndefined()
  expect(await previewPage(closed, 'https://169.254.169.254/latest/meta-data/', signal)).toBeUndefined()
  expect(called).toBe(before)
})

test('the address in a text ends before the sentence does', () => {
  expect(findAddress('see (https://example.com/a_(b)?c=1).')).toBe('https://example.com/a_(b)?c=1')
  expect(findAddress('no address: http://')).toBeUndefined()
  expect(findAddress('HTTPS://Example.com, and https://other.com')).toBe('HTTPS://Example.com')
})
