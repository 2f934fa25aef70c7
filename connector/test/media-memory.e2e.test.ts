// A file of 100 MB in and out, as streams: the connector's memory does not grow with it.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import type { Child } from '../../scripts/testing/child.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let connector: Child
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  connector = await world.startConnector()
  await world.link('s', ana, { downloadMedia: { kinds: ['document'], maxBytes: 200 * 1_048_576 } })
})
afterAll(async () => {
  await api?.close()
  await world.close()
})

const megabyte = 1_048_576
const mostGrowth = 40 * megabyte

/** `VmRSS` or `VmHWM`, its peak, bytes (proc(5)). */
function memory(field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${connector.pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024
}

/** How far the peak goes beyond where it stood. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  const before = memory('VmRSS')
  // Starts the peak anew.
  writeFileSync(`/proc/${connector.pid}/clear_refs`, '5')
  await work()
  return memory('VmHWM') - before
}

/**
 * The least of at most three times: what V8 collects late is in memory for a while, what is held is there every time. A
 * file that is held as a whole is 100 MB each time.
 */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3 && least >= mostGrowth; i += 1) least = Math.min(least, await growthOf(work))
  return least
}

async function comes(size: number): Promise<void> {
  const media = { kind: 'document', size, fileName: 'large' }
  const { messageId } = await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, media })
  const ready = await world.untilEvent('message.media_ready', (event) => event.data['messageId'] === messageId)
  expect(ready.data['media']).toMatchObject({ state: 'stored', size })
}

async function goes(size: number): Promise<void> {
  const piece = new Uint8Array(megabyte).fill(7)
  let left = size
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close()
      const next = piece.subarray(0, Math.min(left, piece.length))
      left -= next.length
      controller.enqueue(next)
    },
  })
  const headers = { authorization: `Bearer ${api.adminKey}`, 'content-type': 'application/x-large' }
  const uploaded = await api.app.request('/v1/media', { method: 'POST', headers, body, duplex: 'half' })
  const { fileId } = (await uploaded.json()) as { fileId: string }
  const answer = await api.call('POST', '/v1/sessions/s/messages', {
    body: { to: beto.phone, type: 'document', media: { fileId } },
  })
  const { messageId } = answer.body as { messageId: string }
  await world.untilEvent('message.sent', (event) => event.data['messageId'] === messageId)
}

test.runIf(process.platform === 'linux')('a large file in and out costs no memory to speak of', async () => {
  // What is loaded and compiled at the first file of all is not what is asked here.
  for (let i = 0; i < 3; i += 1) {
    await comes(8 * megabyte)
    await goes(8 * megabyte)
  }
  const inward = await growthDuring(() => comes(100 * megabyte))
  const outward = await growthDuring(() => goes(100 * megabyte))
  expect(inward).toBeLessThan(mostGrowth)
  expect(outward).toBeLessThan(mostGrowth)
})
