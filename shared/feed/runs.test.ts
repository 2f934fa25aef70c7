import { expect, test } from 'vitest'
import type { StoredEvent } from '../model/event.ts'
import { toRuns } from './runs.ts'

test('a run has one stream and no gap, and each stream keeps its order', () => {
  const events = ['a1', 'b7', 'a2', 'a4', 'a4', 'b8', 'a3'].map(
    (name) => ({ stream: name[0], seq: Number(name[1]) }) as StoredEvent,
  )
  const names = toRuns(events).map((run) => run.map(({ stream, seq }) => `${stream}${seq}`).join(' '))
  expect(names).toEqual(['a1 a2', 'b7 b8', 'a4', 'a4', 'a3'])
})
