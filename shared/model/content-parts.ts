// Parts that several kinds of messages have.
import * as v from 'valibot'

/** Degrees, WGS 84. `isLive`: its sender went on telling where they are. */
export type Location = {
  latitude: number
  longitude: number
  name?: string
  address?: string
  url?: string
  isLive?: boolean
}

/** Not empty, at most so many characters. */
export const Words = (longest: number) =>
  v.pipe(
    v.string(),
    v.maxLength(longest, `must be at most ${longest} characters`),
    v.check((text) => text.trim().length > 0, 'must not be empty'),
  )
const Degrees = (most: number) =>
  v.pipe(
    v.number(),
    v.minValue(-most, `must be from -${most} to ${most}`),
    v.maxValue(most, `must be from -${most} to ${most}`),
  )

export const LocationGiven = v.strictObject({
  latitude: Degrees(90),
  longitude: Degrees(180),
  name: v.optional(Words(1_000)),
  address: v.optional(Words(1_000)),
})
export type LocationGiven = v.InferOutput<typeof LocationGiven>
