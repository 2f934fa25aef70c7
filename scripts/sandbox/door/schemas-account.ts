// The shapes in which the door is told what happens to an account: its chats, names, labels, pictures, calls.
import * as v from 'valibot'

const Text = v.pipe(v.string(), v.minLength(1), v.maxLength(1_000))
const Id = v.pipe(v.string(), v.minLength(1), v.maxLength(128))
/** A number or a jid. */
const Somebody = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const Time = v.pipe(v.string(), v.isoTimestamp())
const Flag = v.optional(v.boolean())
const Message = { messageId: Id, fromMe: v.optional(v.boolean(), false) }

const changes = {
  archive: Flag,
  pin: Flag,
  /** Until when; `null` = no more. */
  mute: v.optional(v.nullable(Time)),
  read: Flag,
  lock: Flag,
  clear: v.optional(v.literal(true)),
  delete: v.optional(v.literal(true)),
  star: v.optional(v.strictObject({ ...Message, starred: v.optional(v.boolean(), true) })),
  deleteForMe: v.optional(v.strictObject(Message)),
  label: v.optional(
    v.strictObject({ id: Id, name: v.optional(Text), color: v.optional(v.number()), deleted: v.optional(v.boolean()) }),
  ),
  labelChat: v.optional(v.strictObject({ labelId: Id, labeled: v.optional(v.boolean(), true) })),
  labelMessage: v.optional(
    v.strictObject({ labelId: Id, messageId: Message.messageId, labeled: v.optional(v.boolean(), true) }),
  ),
  contact: v.optional(v.strictObject({ name: Text })),
  pushName: v.optional(Text),
}
const names = Object.keys(changes) as (keyof typeof changes)[]
const ofAccount = new Set<string>(['label', 'pushName'])

/** One change of the account's app state. `upTo`: the newest message that the phone had; default now. */
export const AppStateWish = v.pipe(
  v.strictObject({
    ...changes,
    chat: v.optional(Somebody),
    upTo: v.optional(Time),
    addressing: v.optional(v.picklist(['lid', 'pn']), 'lid'),
    /** It happens when a companion sends its next patch of that collection, just before it: a conflict. */
    onNextPatch: v.optional(v.boolean(), false),
    /** Companions are at first given a patch for it that is none, cannot be opened, has an unknown key or a wrong MAC. */
    spoiled: v.optional(v.picklist(['bytes', 'value', 'key', 'mac'])),
  }),
  v.check(
    (wish) => names.filter((name) => wish[name] !== undefined).length === 1,
    `expected exactly one of ${names.join(', ')}`,
  ),
  v.check(
    (wish) => wish.chat !== undefined || names.some((name) => ofAccount.has(name) && wish[name] !== undefined),
    'expected chat',
  ),
)

export const NewProfile = v.strictObject({
  about: v.optional(v.pipe(v.string(), v.maxLength(1_000))),
  /** Any address; `null` = no picture. */
  pictureUrl: v.optional(v.nullable(Text)),
})
export const Block = v.strictObject({ who: Somebody, blocked: v.optional(v.boolean(), true) })
export const NewCall = v.strictObject({ to: Somebody, video: v.optional(v.boolean(), false) })
export const EndCall = v.strictObject({ reason: v.optional(v.picklist(['timeout', 'hangup']), 'hangup') })
