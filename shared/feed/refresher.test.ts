import { expect, test } from 'vitest'
import { createRefresher } from './refresher.ts'

test('looks never overlap, one that was asked for during another follows it, and a failed one is made again', async () => {
  let running = 0
  let most = 0
  const ends: ((error?: Error) => void)[] = []
  const errors: unknown[] = []
  const refresher = createRefresher(
    async () => {
      most = Math.max(most, (running += 1))
      try {
        await new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())))
      } finally {
        running -= 1
      }
    },
    { delayMs: 1, onError: (error) => errors.push(error) },
  )
  const begun = (count: number) => expect.poll(() => ends.length).toBe(count)
  refresher.soon()
  refresher.soon()
  await begun(1)
  refresher.soon()
  ends[0]?.()
  await begun(2)
  ends[1]?.(new Error('away'))
  await begun(3)
  expect(errors).toHaveLength(1)
  refresher.soon()
  refresher.close()
  ends[2]?.()
  expect(most).toBe(1)
})
