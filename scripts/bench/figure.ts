// One line of the table: what is measured, both sides in one run, and what it has to reach.
import type { Stack } from './stack.ts'

export type Options = {
  /** Fewer and shorter rounds. */
  quick: boolean
  say: (line: string) => void
  /** A stack of the figure's own, closed when `use` has ended. */
  withStack: <T>(use: (stack: Stack) => Promise<T>) => Promise<T>
}

export type Sample = {
  /** What the two figures are: `messages/s`, `MB per session` … */
  unit: string
  ours: number
  theirs: number
  /** Measured on the way and shown beside it, not judged: what → [ours, theirs]. */
  also?: Record<string, [number, number]>
}

export type Figure = {
  name: string
  against: string
  /** `reported` has no goal. */
  goal: { atLeast: number } | { atMost: number } | 'reported'
  /** Rounds in turn; the ratio is ours / theirs, its median is held against the goal. */
  measure(options: Options): Promise<Sample[]>
}
