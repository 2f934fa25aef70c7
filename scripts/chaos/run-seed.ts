// One run: a world of its own, the flow, the faults of the seed, the end of all trouble, the drain, the audit.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { audit } from './audit/audit.ts'
import type { RunRecord } from './audit/record.ts'
import { assembleCast, type Cast, type Size } from './cast.ts'
import { drain } from './drain.ts'
import { startFlow, type Flow } from './flow.ts'
import { gatherChat, gatherPhone, gatherSession } from './gather.ts'
import { createPlan } from './plan.ts'
import { createRandom } from './random.ts'
import { formatHappening, type Counts, type RunResult } from './report.ts'
import { openSite, type Site } from './site.ts'
import { subscribers } from './subscribers/all.ts'
import type { OpenSubscriber } from './subscribers/subscriber.ts'
import { clearUp, runWeather, type Happening } from './weather.ts'

export type RunOptions = {
  seed: number
  /** How long the flow and the faults last. */
  seconds: number
  size: Size
  logLevel?: string
}

/** A busy machine works its way through slowly; one that is stuck is given up sooner. */
const drainMs = 300_000

export async function runSeed({ seed, seconds, size, logLevel }: RunOptions): Promise<RunResult> {
  const plan = createPlan(seed, seconds)
  const random = createRandom(seed + 1)
  const notes: string[] = []
  const startedAt = Date.now()
  const site = await openSite({
    smallDisk: plan.smallDisk,
    note: (sentence) => notes.push(`${((Date.now() - flowAt) / 1_000).toFixed(1)} s: ${sentence}`),
    ...(logLevel === undefined ? {} : { logLevel }),
  })
  let flowAt = startedAt
  const readers: OpenSubscriber[] = []
  try {
    if (!site.mongodb) notes.push('MongoDB is not ours: it is neither killed nor frozen, and its disk is not filled')
    else if (plan.smallDisk && !site.disk)
      notes.push('no small disk (mounting is not permitted): the full disk is skipped')
    for (const open of subscribers) readers.push(await open(site, random.fork()))
    const cast = await assembleCast(site, size)
    const target = { site, phones: cast.sessions.map(({ phone }) => phone) }
    flowAt = Date.now()
    const ends = new AbortController()
    const { flow, done } = startFlow(site, cast, random.fork(), ends.signal)
    const weather = runWeather(plan, target)
    await Promise.all([weather, pause(seconds * 1_000)])
    const timeline = await weather
    ends.abort()
    await clearUp(target)
    await done
    const drainAt = Date.now()
    const missing = await drain(site, cast, flow, readers, drainMs)
    if (missing !== undefined) notes.push(`given up waiting: ${missing}`)
    const took = (from: number, to: number) => `${((to - from) / 1_000).toFixed(0)} s`
    notes.push(
      `${took(startedAt, flowAt)} to link, ${took(flowAt, drainAt)} of flow, ${took(drainAt, Date.now())} to drain`,
    )
    const record = await gather(site, cast, flow, readers)
    const violations = audit(record)
    const counts = count(record, timeline, site, readers, Date.now() - startedAt)
    const command = `npm run test:chaos -- --seed ${seed} --seconds ${seconds} --sessions ${size.sessions} --contacts ${size.contacts}`
    const result: RunResult = { seed, command, counts, violations, timeline, startedAt: flowAt, notes }
    return violations.length === 0 ? result : { ...result, folder: keep(site, record, timeline, flowAt, seed) }
  } catch (error) {
    throw new Error(`${(error as Error).message}; logs: ${keepLogs(site, seed)}`, { cause: error })
  } finally {
    for (const reader of readers) await reader.close()
    await site.close()
  }
}

export async function gather(
  site: Site,
  cast: Cast,
  flow: Flow,
  readers: readonly OpenSubscriber[],
): Promise<RunRecord> {
  const { accepted, changes, theirChanges, sightings } = flow
  const chats: RunRecord['chats'] = []
  for (const { sessionId } of cast.sessions)
    for (const contact of cast.contacts) chats.push(await gatherChat(site, sessionId, contact))
  return {
    accepted,
    changes,
    theirChanges,
    sightings,
    chats,
    phones: await Promise.all(
      [...cast.contacts, ...cast.sessions.map(({ phone }) => phone)].map((phone) => gatherPhone(site, phone)),
    ),
    sessions: await Promise.all(cast.sessions.map((session) => gatherSession(site, session))),
    subscribers: readers.map((reader) => reader.record()),
    surprises: [
      ...flow.surprises,
      ...site.programs().flatMap((program) => (program === site.mongodb ? [] : program.falls())),
    ],
  }
}

function count(
  record: RunRecord,
  timeline: readonly Happening[],
  site: Site,
  readers: readonly OpenSubscriber[],
  tookMs: number,
): Counts {
  const faults: Counts['faults'] = {}
  for (const { kind, happened } of timeline) if (happened) faults[kind] = (faults[kind] ?? 0) + 1
  const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)
  const owners = record.sessions.flatMap(({ feed }) => feed.filter(({ type }) => type === 'session.owner_changed'))
  return {
    out: record.accepted.length,
    in: sum(record.phones.map(({ sent }) => sent.filter(({ kind }) => kind === 'text').length)),
    changes: record.changes.length + record.theirChanges.length,
    repeats: site.client.repeats(),
    events: sum(record.sessions.map(({ feed }) => feed.length)),
    takeovers: owners.length - record.sessions.length,
    retryReceipts: sum(record.phones.map(({ counters }) => counters.retryReceiptsReceived)),
    duplicates: sum(record.phones.map(({ counters }) => counters.duplicates)),
    subscriberVisits: sum(readers.map((reader) => reader.visits())),
    faults,
    skippedFaults: timeline.filter(({ happened }) => !happened).length,
    seconds: tookMs / 1_000,
  }
}

/** What whoever looks for the cause needs. */
function keep(site: Site, record: RunRecord, timeline: readonly Happening[], startedAt: number, seed: number): string {
  const folder = keepLogs(site, seed)
  writeFileSync(join(folder, 'record.json'), JSON.stringify(record, undefined, 1))
  writeFileSync(join(folder, 'timeline.txt'), timeline.map((one) => formatHappening(one, startedAt)).join('\n'))
  return folder
}

function keepLogs(site: Site, seed: number): string {
  const folder = mkdtempSync(join(tmpdir(), `wastream-chaos-seed-${seed}-`))
  for (const program of site.programs())
    writeFileSync(join(folder, `${program.name.replaceAll(' ', '-')}.log`), program.log())
  writeFileSync(join(folder, 'sandbox.log'), `${site.sandbox.stdout()}${site.sandbox.stderr()}`)
  return folder
}
