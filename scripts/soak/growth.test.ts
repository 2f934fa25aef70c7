import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { inspected, openInspector, type Inspector } from '../bench/inspector.ts'
import { judgeGrowth, takeSample, type Sample } from './growth.ts'

const at = (minute: number, more: Partial<Sample> = {}): Sample => ({
  minute,
  heapMb: 100,
  rssMb: 200,
  timers: 50,
  listeners: 500,
  ...more,
})
const minutes = Array.from({ length: 30 }, (_, i) => i)

test('what stays as it is does not grow, whatever a start took', () => {
  const samples = minutes.map((minute) => at(minute, minute < 5 ? { heapMb: 300, listeners: 5_000 } : {}))
  expect(judgeGrowth(samples, 5)).toEqual({ grows: [], heapMbPerHour: 0 })
})

test('a heap, timers or listeners that grow with time are named', () => {
  const leaking = minutes.map((minute) => at(minute, { heapMb: 100 + minute, timers: 50 + minute }))
  const { grows, heapMbPerHour } = judgeGrowth(leaking, 5)
  expect(grows.map((sentence) => sentence.split(' ')[0])).toEqual(['heapMb', 'timers'])
  expect(heapMbPerHour).toBeCloseTo(60, -1)
  expect(
    judgeGrowth(
      minutes.map((minute) => at(minute, { listeners: 500 + 5 * minute })),
      5,
    ).grows,
  ).toHaveLength(1)
})

test('one peak among many samples is no growth, and a handful of samples is no proof', () => {
  expect(
    judgeGrowth(
      minutes.map((minute) => at(minute, minute === 28 ? { heapMb: 900 } : {})),
      5,
    ).grows,
  ).toEqual([])
  expect(judgeGrowth([at(5), at(6)], 5).grows).toEqual(['too few samples to tell'])
})

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function openProcess(source: string): Promise<Inspector> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { NODE_OPTIONS: inspected },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  closers.push(() => child.kill('SIGKILL') && once(child, 'close'))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  await once(child.stdout, 'data')
  const inspector = await openInspector(stderr)
  closers.push(() => inspector.close())
  return inspector
}

test('timers, listeners and memory of another process are seen, and garbage is not', async () => {
  const inspector = await openProcess(`
    import { EventEmitter } from 'node:events'
    globalThis.emitter = new EventEmitter()
    globalThis.kept = []
    globalThis.grow = () => {
      for (let i = 0; i < 100; i += 1) emitter.on('x' + i, () => undefined)
      for (let i = 0; i < 10; i += 1) setInterval(() => undefined, 60_000)
      kept.push(Buffer.alloc(20 * 1024 * 1024))
      Buffer.alloc(50 * 1024 * 1024)
    }
    setInterval(() => undefined, 60_000)
    console.log('ready')`)
  const before = await takeSample(inspector, 0)
  await inspector.call('Runtime.evaluate', { expression: 'grow()' })
  const after = await takeSample(inspector, 1)
  expect(after.timers - before.timers).toBe(10)
  expect(after.listeners - before.listeners).toBeGreaterThanOrEqual(100)
  expect(after.listeners - before.listeners).toBeLessThan(110)
  expect(after.heapMb - before.heapMb).toBeGreaterThan(19)
  expect(after.heapMb - before.heapMb).toBeLessThan(30)
})
