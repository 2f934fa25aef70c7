// The shapes that the door's channel routes accept. Unknown fields are refused.
import * as v from 'valibot'
import { Base64 } from './base64.ts'

const Somebody = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const Name = v.pipe(v.string(), v.minLength(1), v.maxLength(100))
const Description = v.pipe(v.string(), v.maxLength(2048))

export const NewChannel = v.strictObject({ owner: Somebody, name: Name, description: v.optional(Description, '') })
export const ChangeChannel = v.strictObject({
  by: Somebody,
  name: v.optional(Name),
  description: v.optional(Description),
})
export const RemoveChannel = v.strictObject({ by: Somebody })
export const FollowChannel = v.strictObject({
  phone: Somebody,
  followed: v.optional(v.boolean()),
  muted: v.optional(v.boolean()),
})
/** A text, a picture, or any protobuf `Message` as JSON. */
export const NewChannelPost = v.strictObject({
  by: Somebody,
  text: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(65_536))),
  message: v.optional(v.record(v.string(), v.unknown())),
  /** A picture, unencrypted as channels have it; `text` is its caption. */
  image: v.optional(
    v.strictObject({
      base64: Base64,
      mimetype: v.pipe(v.string(), v.minLength(1)),
      /** The post names another file's hash, as a liar would. */
      wrongHash: v.optional(v.boolean(), false),
    }),
  ),
})
export const ReactToChannelPost = v.strictObject({
  phone: Somebody,
  serverId: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Empty takes it back. */
  emoji: v.pipe(v.string(), v.maxLength(32)),
})
