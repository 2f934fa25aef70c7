// Figures held against their goals, and the table people read.
import type { Figure, Sample } from './figure.ts'
import { median } from './samples.ts'

export type Row = {
  name: string
  /** The median of ours / theirs over the rounds. */
  ratio: number
  goal: Figure['goal']
  reached: boolean | 'reported'
  samples: Sample[]
}

export function judge({ name, goal }: Pick<Figure, 'name' | 'goal'>, samples: Sample[]): Row {
  const ratio = median(toRatios(samples))
  const reached = goal === 'reported' ? 'reported' : 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost
  return { name, ratio, goal, reached, samples }
}

const toRatios = (samples: readonly Sample[]) => samples.map(({ ours, theirs }) => ours / theirs)
const toShort = (value: number) => String(Number(value.toPrecision(3)))

/** Medians of both sides, with what was measured beside them. */
export function toSides(samples: readonly Sample[]): string {
  const [first] = samples
  if (!first) return ''
  const pair = (of: (sample: Sample) => readonly [number, number]) =>
    [0, 1].map((side) => toShort(median(samples.map((sample) => of(sample)[side] ?? Number.NaN)))).join(' : ')
  const also = Object.keys(first.also ?? {}).map(
    (what) => `${what} ${pair((sample) => sample.also?.[what] ?? [Number.NaN, Number.NaN])}`,
  )
  const main = `${pair(({ ours, theirs }) => [ours, theirs])} ${first.unit}`
  return also.length === 0 ? main : `${main} (${also.join('; ')})`
}

function toLine({ name, ratio, goal, reached, samples }: Row, mark: string): string {
  const ratios = toRatios(samples)
  const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`
  const asked = goal === 'reported' ? '' : 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`
  const verdict = reached === 'reported' ? 'reported' : reached ? 'reached' : 'NOT reached'
  return `| ${name}${mark} | ${toSides(samples)} | ${ratio.toFixed(2)} (${spread}) | ${asked} | ${verdict} |`
}

/** Figures that were taken on the embedded MongoDB are marked. */
export function toTable(rows: readonly Row[], mongodb: string): string[] {
  const isEmbedded = mongodb === 'embedded'
  return [
    '| figure | ours : theirs (medians) | ratio (spread) | goal | |',
    '|---|---|---|---|---|',
    ...rows.map((row) => toLine(row, isEmbedded ? ' (e)' : '')),
    ...(isEmbedded ? ['', '(e) on the embedded MongoDB, which is made for trying out, not for speed'] : []),
  ]
}
