// A page is asked for its name as a stranger would be: from public addresses only, little, and not for long.
import { createServer, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import sharp from 'sharp'
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

test('a page of tags that nobody closes costs no more than any other of its length', async () => {
  const whole = 500_000
  const fill = (start: string, part: string) => start + part.repeat(Math.floor((whole - start.length) / part.length))
  const title = '<title>x</title>'
  const workOf = async (html: string) => {
    const before = process.cpuUsage()
    expect(await ask(html)).toMatchObject({ title: 'x' })
    const { user } = process.cpuUsage(before)
    return user
  }
  const ordinary = fill(title, '<p class="a">one <b>two</b> &amp; three</p>')
  await workOf(ordinary)
  const usual = await workOf(ordinary)
  for (const page of [fill(title, '<b>'), fill(title + '<b>'.repeat(87_000), '</c>'), fill(title, '<svg>')])
    expect(await workOf(page)).toBeLessThan(6 * usual)
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

const png = sharp({ create: { width: 2_000, height: 1_000, channels: 3, background: '#07a' } }).png()
/** A page that names a picture, which `answer` serves. */
const askWith = (image: string, answer: RequestListener, outside = open) => {
  serve = (request, response) => {
    if (request.url !== '/page') return answer(request, response)
    response.setHeader('content-type', 'text/html').end(`<title>x</title><meta property="og:image" content="${image}">`)
  }
  return previewPage(outside, url(), signal)
}

test('the picture that a page names goes along, small, whatever the way to it', async () => {
  const bytes = await png.toBuffer()
  for (const image of ['pic.png', '/pic.png', url().replace('/page', '/pic.png')]) {
    const found = await askWith(image, (request, response) => {
      if (request.url === '/pic.png') return void response.writeHead(302, { location: '/moved' }).end()
      response.setHeader('content-type', 'text/plain').end(bytes)
    })
    expect(await sharp(found?.picture).metadata()).toMatchObject({ format: 'jpeg', width: 192, height: 96 })
    expect(found?.picture?.length).toBeLessThan(20_000)
  }
})

test('a picture that cannot be had, or is none, leaves the preview without one', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
  const answers: RequestListener[] = [
    (_request, response) => response.writeHead(404).end(),
    (_request, response) => response.setHeader('content-type', 'image/png').end('no picture'),
    (_request, response) => response.setHeader('content-type', 'image/svg+xml').end(svg),
    (_request, response) => response.setHeader('content-length', 6 * 1_048_576).end(Buffer.alloc(6 * 1_048_576)),
    (_request, response) => void response.destroy(),
  ]
  for (const answer of answers) expect(await askWith('/pic', answer)).toEqual({ url: url(), title: 'x' })
  for (const image of ['data:image/png;base64,AAAA', 'file:///etc/passwd', 'javascript:1', 'http://'])
    expect(await askWith(image, (_request, response) => response.end())).toEqual({ url: url(), title: 'x' })
})

test('a picture without an end is read to five megabytes, and nothing inside is asked for one', async () => {
  let sent = 0
  const bytes = await png.toBuffer()
  const endless: RequestListener = (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536
    }
    response.write(bytes)
    response.on('drain', more)
    more()
  }
  expect(await askWith('/pic', endless)).toEqual({ url: url(), title: 'x' })
  expect(sent).toBeLessThan(64 * 1_048_576)
  const asked: (string | undefined)[] = []
  /** The page lies outside, what it names lies inside. */
  const outside = {
    dispatcher: open.dispatcher,
    vet: (address: string) => (address === url() ? undefined : closed.vet(address)),
  }
  const inside = url().replace('/page', '/inside.png')
  const found = await askWith(
    inside,
    (request, response) => response.end(String(asked.push(request.url))),
    outside as Outside,
  )
  expect([found, asked]).toEqual([{ url: url(), title: 'x' }, []])
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
