import { expect, test } from 'vitest'
import type { OutreachLock } from '../../../shared/model/session.ts'
import { createOutreach } from './outreach.ts'

const hourMs = 3_600_000
const startMs = Date.parse('2026-01-02T03:00:00Z')
const inHours = (hours: number) => new Date(startMs + hours * hourMs)

/** A row, a feed that takes a key once, and owners that can be cut short. */
function openWorld() {
  const world = {
    nowMs: startMs,
    row: undefined as OutreachLock | undefined,
    feed: [] as { type: string; until?: unknown; by?: unknown }[],
    /** What an owner may still write before it is gone. */
    writesLeft: Infinity,
    atHour: (hours: number) => (world.nowMs = startMs + hours * hourMs),
    async own() {
      const write = (step: () => void) => {
        if ((world.writesLeft -= 1) < 0) return Promise.reject(new Error('killed'))
        step()
        return Promise.resolve()
      }
      const outreach = createOutreach({
        now: () => world.nowMs,
        keep: (lock) => write(() => (world.row = lock)),
        announce: (type, data, key) =>
          write(() => {
            if (!keys.has(key)) world.feed.push({ type: type.slice('session.outreach_'.length), ...data })
            keys.add(key)
          }),
        onChange: () => undefined,
      })
      await outreach.load(world.row)
      return outreach
    },
  }
  const keys = new Set<string>()
  return world
}

test('a refusal without a time locks for an hour; what was under way when it began says nothing new', async () => {
  const world = openWorld()
  const outreach = await world.own()
  expect(outreach.isLocked()).toBe(false)
  const kept = outreach.refused()
  expect(outreach.isLocked(), 'at once, before it is kept').toBe(true)
  await kept
  world.atHour(0.5)
  await outreach.refused()
  expect(outreach.msUntilEnd()).toBe(0.5 * hourMs)
  expect(world.feed).toEqual([{ type: 'locked', until: inHours(1), by: 'guess' }])
  expect(world.row).toMatchObject({ until: inHours(1), by: 'guess', repeats: 0 })
})

test('each lock that comes within a day of the one before is twice as long, a day at most; later than that it is the first again', async () => {
  const world = openWorld()
  const outreach = await world.own()
  const lengths: number[] = []
  for (let i = 0; i < 7; i += 1) {
    await outreach.refused()
    lengths.push(outreach.msUntilEnd() / hourMs)
    world.nowMs += outreach.msUntilEnd() + 23 * hourMs
    await outreach.endIfOver()
  }
  expect(lengths).toEqual([1, 2, 4, 8, 16, 24, 24])
  world.nowMs += hourMs
  await outreach.refused()
  expect(outreach.msUntilEnd()).toBe(hourMs)
})

test('a lock whose time is over ends once, and is told once', async () => {
  const world = openWorld()
  const outreach = await world.own()
  await outreach.refused()
  await outreach.endIfOver()
  expect(outreach.isLocked()).toBe(true)
  world.atHour(1)
  expect(outreach.isLocked()).toBe(false)
  expect(outreach.msUntilEnd(), 'its end is to be told').toBe(0)
  await outreach.endIfOver()
  await outreach.endIfOver()
  expect(outreach.msUntilEnd()).toBe(Infinity)
  expect(world.feed.map(({ type }) => type)).toEqual(['locked', 'unlocked'])
})

test('the time that WhatsApp names replaces a guess, longer or shorter, and its own earlier word', async () => {
  const world = openWorld()
  const outreach = await world.own()
  await outreach.refused()
  await outreach.told({ isActive: true, until: inHours(0.25) })
  await outreach.told({ isActive: true, until: inHours(30) })
  await outreach.told({ isActive: true, until: inHours(30) })
  expect(world.feed).toEqual([
    { type: 'locked', until: inHours(1), by: 'guess' },
    { type: 'locked', until: inHours(0.25), by: 'whatsapp' },
    { type: 'locked', until: inHours(30), by: 'whatsapp' },
  ])
})

test('that nothing is locked lifts what WhatsApp had named, but not what we only suppose', async () => {
  const world = openWorld()
  const outreach = await world.own()
  await outreach.told({ isActive: false })
  expect(world.feed).toEqual([])
  await outreach.refused()
  await outreach.told({ isActive: false })
  expect(outreach.isLocked()).toBe(true)
  await outreach.told({ isActive: true })
  await outreach.told({ isActive: false })
  expect(outreach.isLocked()).toBe(false)
  expect(world.row).toMatchObject({ isOver: true, until: inHours(0) })
  expect(world.feed.map(({ type }) => type)).toEqual(['locked', 'unlocked'])
})

test('a lock that WhatsApp names with a time that is past is none', async () => {
  const world = openWorld()
  const outreach = await world.own()
  await outreach.told({ isActive: true, until: inHours(-1) })
  expect(outreach.isLocked()).toBe(false)
  expect(world.feed).toEqual([])
  await outreach.told({ isActive: true, until: inHours(2) })
  await outreach.told({ isActive: true, until: inHours(-1) })
  expect(outreach.isLocked()).toBe(false)
})

test('the next owner has the lock, and ends it when its time is over meanwhile', async () => {
  const world = openWorld()
  await (await world.own()).refused()
  world.atHour(0.75)
  expect((await world.own()).msUntilEnd()).toBe(0.25 * hourMs)
  world.atHour(2)
  const third = await world.own()
  expect(third.isLocked()).toBe(false)
  expect(world.feed.map(({ type }) => type)).toEqual(['locked', 'unlocked'])
  await third.refused()
  expect(third.msUntilEnd(), 'soon after the one before').toBe(2 * hourMs)
})

test('an owner killed between row and feed: the next one tells what is missing, and nothing twice', async () => {
  for (const writes of [0, 1, 2, 3, 4]) {
    const world = openWorld()
    world.writesLeft = writes
    const first = await world.own()
    await first.refused().catch(() => undefined)
    world.atHour(1)
    await first.endIfOver().catch(() => undefined)
    world.writesLeft = Infinity
    const next = await world.own()
    await next.endIfOver()
    const told = world.feed.map(({ type }) => type)
    // Killed before anything was written, nobody knows of it; later than that, whoever was told of it hears of its end.
    expect(told.at(-1), `${writes} writes`).toBe(writes === 0 ? undefined : 'unlocked')
    expect(new Set(told).size, `${writes} writes`).toBe(told.length)
    expect(next.msUntilEnd()).toBe(Infinity)
  }
})

test('an owner killed between row and feed while the lock lasts: the next one tells of it', async () => {
  const world = openWorld()
  world.writesLeft = 1
  await (await world.own()).refused().catch(() => undefined)
  expect(world.feed).toEqual([])
  world.writesLeft = Infinity
  await world.own()
  await world.own()
  expect(world.feed).toEqual([{ type: 'locked', until: inHours(1), by: 'guess' }])
})

test('a link that ends takes its lock along: what the next phone is refused is its first', async () => {
  const world = openWorld()
  const outreach = await world.own()
  await outreach.forget()
  expect(world.row).toBeUndefined()
  await outreach.refused()
  await outreach.forget()
  expect(outreach.isLocked()).toBe(false)
  expect(world.feed.map(({ type }) => type)).toEqual(['locked', 'unlocked'])
  await outreach.refused()
  expect(outreach.msUntilEnd()).toBe(hourMs)
  expect(world.feed.map(({ type }) => type)).toEqual(['locked', 'unlocked', 'locked'])
})

test('a notification that names no end (rc14 says a minute) shortens no lock, and alone it locks for that minute', async () => {
  const world = openWorld()
  const outreach = await world.own()
  const inAMinute = () => new Date(world.nowMs + 60_000)
  await outreach.told({ isActive: true, until: inAMinute() })
  expect(world.row?.until).toEqual(inAMinute())
  await outreach.told({ isActive: true, until: inHours(24) })
  await outreach.told({ isActive: true, until: inAMinute() })
  expect(world.row?.until).toEqual(inHours(24))
  // A time that it names is taken at its word, also when it is earlier.
  await outreach.told({ isActive: true, until: inHours(2) })
  expect(world.row?.until).toEqual(inHours(2))
})
