// What a message says, by type: what people give to be sent, and what WhatsApp brings, in one form.
import * as v from 'valibot'
import { toContactCard, toVcard } from './vcard.ts'

/** Degrees, WGS 84. `isLive`: its sender went on telling where they are. */
export type Location = {
  latitude: number
  longitude: number
  name?: string
  address?: string
  url?: string
  isLive?: boolean
}

/** One card of a contacts message; `vcard` is the whole of it (RFC 2426), `phones` as digits where the card has them. */
export type ContactCard = { name: string; phones: string[]; vcard: string }

/** `selectable`: how many options one voter may choose; 0 = any number. */
export type Poll = { question: string; options: string[]; selectable: number }

const Words = (longest: number) =>
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

const Phone = v.pipe(
  v.string(),
  v.regex(/^\+?[\d\s().-]{5,30}$/, 'must be a phone number'),
  v.transform((text) => text.replace(/\D/g, '')),
)

/** Cards are made by us from these, so that no given text becomes a line of a vCard. */
export const ContactGiven = v.strictObject({
  name: Words(200),
  phones: v.pipe(v.array(Phone), v.minLength(1, 'must have at least one'), v.maxLength(20, 'must have at most 20')),
  organization: v.optional(Words(200)),
})
export type ContactGiven = v.InferOutput<typeof ContactGiven>

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

/** What a command carries to be sent. */
export type OutContent =
  | { type: 'text'; text: string; mentions?: string[] }
  | { type: 'location'; location: LocationGiven }
  | { type: 'contacts'; contacts: ContactGiven[] }
  | { type: 'poll'; poll: PollGiven }

/** What a message has of its content, whoever wrote it. */
export type ShownContent = {
  type: string
  text?: string
  mentions?: string[]
  location?: Location
  contacts?: ContactCard[]
  poll?: Poll
}

/** What we send, as it will be shown. */
export function toShown(content: OutContent): ShownContent {
  switch (content.type) {
    case 'text':
    case 'location':
    case 'poll':
      return content
    case 'contacts':
      return { type: 'contacts', contacts: content.contacts.map((one) => toContactCard(one.name, toVcard(one))) }
  }
}

/** One line for lists: of what has no text, what names it. */
export function toPreview({ text, location, contacts, poll }: ShownContent): string | undefined {
  return text ?? location?.name ?? location?.address ?? poll?.question ?? contacts?.map(({ name }) => name).join(', ')
}
