// A poll and its votes.
import * as v from 'valibot'
import { Words } from './content-parts.ts'

/** `selectable`: how many options one voter may choose; 0 = any number. */
export type Poll = { question: string; options: string[]; selectable: number }

/** What one person has chosen; a later vote replaces it, none chosen = withdrawn. */
export type Vote = { sender: string; options: string[]; at: Date }

/** WhatsApp's apps take 2 to 12 options. */
export const PollGiven = v.pipe(
  v.strictObject({
    question: Words(255),
    options: v.pipe(
      v.array(Words(100)),
      v.minLength(2, 'must have at least 2'),
      v.maxLength(12, 'must have at most 12'),
      v.check((options) => new Set(options).size === options.length, 'must differ from each other'),
    ),
    /** Default 1; 0 = any number. */
    selectable: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 1),
  }),
  v.forward(
    v.check(({ options, selectable }) => selectable <= options.length, 'must not be more than there are options'),
    ['selectable'],
  ),
)
export type PollGiven = v.InferOutput<typeof PollGiven>

/** Votes per option, in the order of the options. */
export function toTally(poll: Poll, votes: readonly Vote[]): { option: string; votes: number }[] {
  return poll.options.map((option) => ({
    option,
    votes: votes.filter(({ options }) => options.includes(option)).length,
  }))
}
