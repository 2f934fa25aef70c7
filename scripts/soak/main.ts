// `npm run test:soak -- --minutes 30 --sessions 50`: a steady two-way flow without faults, and what must not grow looked at
// every minute. At the end the audit of the chaos suite. Exit 0 only if nothing grew and nothing was lost.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { inspected, openInspector } from '../bench/inspector.ts'
import { audit } from '../chaos/audit/audit.ts'
import { assembleCast } from '../chaos/cast.ts'
import { drain } from '../chaos/drain.ts'
import { startFlow } from '../chaos/flow.ts'
import { createRandom } from '../chaos/random.ts'
import { gather } from '../chaos/run-seed.ts'
import { openSite } from '../chaos/site.ts'
import { subscribers } from '../chaos/subscribers/all.ts'
import { judgeGrowth, takeSample, type Sample } from './growth.ts'

/** What a start builds up is not held against it. */
const settledMinutes = 5
const sampleMs = 60_000
const contacts = 2
const drainMs = 300_000
const shownViolations = 10

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    sessions: { type: 'string', default: '50' },
    /** Texts of all chats in one direction, a second. */
    rate: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
  },
})
const above = (name: 'minutes' | 'sessions' | 'rate' | 'seed', least: number): number => {
  const number = Number(values[name])
  if (!(number >= least)) throw new Error(`--${name} must be a number from ${least} on, not "${values[name]}"`)
  return number
}
const say = (line: string) => process.stdout.write(`${line}\n`)
const row = (cells: readonly unknown[]) => say(cells.map((cell) => String(cell).padStart(12)).join(''))

async function run(): Promise<boolean> {
  const [minutes, sessions, rate] = [above('minutes', 1), Math.round(above('sessions', 1)), above('rate', 0.1)]
  const random = createRandom(above('seed', 1))
  const site = await openSite({
    smallDisk: false,
    note: say,
    logLevel: 'warn',
    connectorEnv: { NODE_OPTIONS: inspected },
  })
  try {
    const readers = []
    for (const open of subscribers) readers.push(await open(site, random.fork()))
    const cast = await assembleCast(site, { sessions, contacts })
    const meanMs = (sessions * contacts * 1_000) / rate
    const ends = new AbortController()
    const { flow, done } = startFlow(site, cast, random.fork(), ends.signal, [meanMs / 2, (meanMs * 3) / 2])
    say(`${sessions} sessions are linked; ${rate} texts a second in each direction for ${minutes} minutes`)
    row(['connector', 'minute', 'heap MB', 'RSS MB', 'timers', 'listeners'])

    const watched = await Promise.all(
      site.connectors.map(async (one) => ({
        name: one.name,
        inspector: await openInspector(one.log()),
        samples: [] as Sample[],
      })),
    )
    const startedAt = performance.now()
    for (let minute = 0; minute <= minutes; minute += 1) {
      await pause(Math.max(0, startedAt + minute * sampleMs - performance.now()))
      for (const { name, inspector, samples } of watched) {
        const sample = await takeSample(inspector, minute)
        samples.push(sample)
        const { heapMb, rssMb, timers, listeners } = sample
        row([name, minute, heapMb.toFixed(1), rssMb.toFixed(0), timers, listeners])
      }
    }
    for (const { inspector } of watched) inspector.close()
    ends.abort()
    await done
    const missing = await drain(site, cast, flow, readers, drainMs)
    if (missing !== undefined) say(`given up waiting: ${missing}`)
    const record = await gather(site, cast, flow, readers)
    const violations = audit(record)
    for (const reader of readers) await reader.close()

    let isFlat = true
    for (const { name, samples } of watched) {
      const { grows, heapMbPerHour } = judgeGrowth(samples, settledMinutes)
      isFlat &&= grows.length === 0
      say(
        `${name}: ${grows.length === 0 ? 'flat' : `GROWS: ${grows.join('; ')}`} (${heapMbPerHour.toFixed(1)} MB of heap an hour)`,
      )
    }
    say(`${flow.accepted.length} texts out, ${flow.written()} in`)
    for (const { promise, detail } of violations.slice(0, shownViolations)) say(`✗ ${promise}: ${detail}`)
    say(violations.length === 0 ? 'nothing lost, doubled or out of order' : `${violations.length} VIOLATIONS`)
    if (violations.length > 0) {
      const folder = mkdtempSync(join(tmpdir(), 'wastream-soak-'))
      writeFileSync(join(folder, 'record.json'), JSON.stringify({ violations, record }, undefined, 1))
      for (const one of site.programs()) writeFileSync(join(folder, `${one.name.replaceAll(' ', '-')}.log`), one.log())
      writeFileSync(join(folder, 'sandbox.log'), `${site.sandbox.stdout()}${site.sandbox.stderr()}`)
      say(`record and logs: ${folder}`)
    }
    return isFlat && violations.length === 0
  } finally {
    await site.close()
  }
}

run().then(
  (held) => process.exit(held ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exit(1)
  },
)
