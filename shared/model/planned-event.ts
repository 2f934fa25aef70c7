// An event that people are invited to in a chat, and what they answer.
import * as v from 'valibot'
import { LocationGiven, Words, type Location } from './content-parts.ts'

export type PlannedEvent = {
  name: string
  description?: string
  startAt: Date
  endAt?: Date
  location?: Location
  joinLink?: string
  isCancelled?: boolean
  extraGuestsAllowed?: boolean
}

const Instant = v.pipe(v.string(), v.isoTimestamp('must be an RFC 3339 time'))

/** Times stay text here: a command is kept as it was given. */
export const PlannedEventGiven = v.pipe(
  v.strictObject({
    name: Words(100),
    description: v.optional(Words(2_000)),
    startAt: Instant,
    endAt: v.optional(Instant),
    location: v.optional(LocationGiven),
    extraGuestsAllowed: v.optional(v.boolean()),
  }),
  v.forward(
    v.check(
      ({ startAt, endAt }) => endAt === undefined || Date.parse(endAt) > Date.parse(startAt),
      'must be later than startAt',
    ),
    ['endAt'],
  ),
)
export type PlannedEventGiven = v.InferOutput<typeof PlannedEventGiven>

export function toPlannedEvent({ startAt, endAt, ...words }: PlannedEventGiven): PlannedEvent {
  return { ...words, startAt: new Date(startAt), ...(endAt === undefined ? {} : { endAt: new Date(endAt) }) }
}

export const EventAnswer = v.picklist(['going', 'not_going', 'maybe'])
export type EventAnswer = v.InferOutput<typeof EventAnswer>

/** One per person; a later one replaces it. `extraGuests`: whom they bring along. */
export type EventResponse = { sender: string; answer: EventAnswer; extraGuests?: number; at: Date }
