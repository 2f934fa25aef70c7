// Rounds of a figure: both sides in turn, the first round warms up and does not count.
import type { Options, Sample } from './figure.ts'
import { toSides } from './table.ts'

export async function takeRounds(
  rounds: number,
  say: Options['say'],
  takeOne: () => Promise<Sample>,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const sample = await takeOne()
    say(`  ${round === 0 ? 'warm-up' : `round ${round}`}: ${toSides([sample])}`)
    if (round > 0) samples.push(sample)
  }
  return samples
}

/** How often a second, when `count` of something took as long as `run`. */
export async function perSecond(count: number, run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return (count * 1_000) / (performance.now() - startedAt)
}
