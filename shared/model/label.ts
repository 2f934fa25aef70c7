// A label of WhatsApp Business: the account's own, put on chats.
import * as v from 'valibot'

/** WhatsApp shows 20 colours, by number. */
export const labelColors = 20

/** WhatsApp numbers them. */
export const isLabelId = (id: string): boolean => /^\d{1,19}$/.test(id)

/** The document in `labels`; `_id` = `sessionId/labelId`. */
export type Label = {
  _id: string
  sessionId: string
  labelId: string
  name: string
  /** 0 to 19. */
  color: number
  /** `new`: its id is taken and WhatsApp has not had it yet. `deleted`: the id is never used again. */
  state: 'new' | 'live' | 'deleted'
  updatedAt: Date
}

export function toLabelView(label: Label) {
  return { labelId: label.labelId, sessionId: label.sessionId, name: label.name, color: label.color }
}

const Name = v.pipe(v.string(), v.trim(), v.minLength(1, 'must not be empty'), v.maxLength(100))
const Color = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(labelColors - 1, `must be from 0 to ${labelColors - 1}`),
)

export const CreateLabel = v.strictObject({ name: Name, color: v.optional(Color, 0) })
export const PatchLabel = v.pipe(
  v.strictObject({ name: v.optional(Name), color: v.optional(Color) }),
  v.check(({ name, color }) => name !== undefined || color !== undefined, 'must change something'),
)
