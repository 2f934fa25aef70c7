import { expect, test } from 'vitest'
import type { Run } from '../../shared/feed/runs.ts'
import type { StoredEvent } from '../../shared/model/event.ts'
import { createStoryTeller } from './shared-frames.ts'

const run = (stream: string, first: number, types: string[]) =>
  types.map((type, i) => ({ stream, seq: first + i, type, at: new Date(0), data: {} }) as StoredEvent) as unknown as Run
const everything = () => true
const received = (type: string) => type === 'message.received'
const read = (frame: Buffer | undefined) =>
  JSON.parse(String(frame)) as { id?: unknown; at: Record<string, number>; events: { id: string }[] }

const a1 = run('a', 1, ['message.received', 'message.sent'])
const b7 = run('b', 7, ['message.received'])

test('readers who were told the same get the very same bytes; who was told less gets its own', () => {
  const stories = createStoryTeller()
  const [one, other, late] = [1, 2, 3].map(() => stories.begin(1, undefined, everything))
  const frame = one?.and(a1).and(b7).frame()
  expect(other?.and(a1).and(b7).frame(), 'encoded once').toBe(frame)
  expect(read(frame).events.map(({ id }) => id)).toEqual(['a:1', 'a:2', 'b:7'])
  expect(read(frame).at).toEqual({ a: 2, b: 7 })
  expect(read(late?.and(b7).frame()).at, 'it was not told of the other stream').toEqual({ b: 7 })
})

test('another id or another filter is another story', () => {
  const stories = createStoryTeller()
  const frameOf = (id: number | string | undefined, types?: string[]) =>
    read(
      stories
        .begin(id, types, types ? received : everything)
        .and(a1)
        .frame(),
    )
  expect(frameOf(1).id).toBe(1)
  expect(frameOf('1').id).toBe('1')
  expect(frameOf(undefined)).not.toHaveProperty('id')
  expect(frameOf(1, ['message.received']).events.map(({ id }) => id)).toEqual(['a:1'])
  expect(frameOf(1, ['message.received']).at, 'what did not match was scanned too').toEqual({ a: 2 })
})

test('a run of which nothing is for the reader makes no frame', () => {
  const stories = createStoryTeller()
  const begun = stories.begin(1, ['call.*'], () => false)
  expect(begun.and(a1)).toBe(begun)
  expect(begun.frame()).toBeUndefined()
})

test('no story outlives the turn of the event loop in which readers could begin with it', async () => {
  const stories = createStoryTeller()
  const begun = stories.begin(1, undefined, everything)
  expect(stories.begin(1, undefined, everything)).toBe(begun)
  await new Promise((resolve) => setImmediate(resolve))
  expect(stories.begin(1, undefined, everything)).not.toBe(begun)
})
