// What an account shows of itself, and to whom.
import * as v from 'valibot'

const Audience = v.picklist(['all', 'contacts', 'contact_blacklist', 'none'])

/** WhatsApp's words: `contact_blacklist` = my contacts except; which ones is the phone's business. */
const settings = {
  lastSeen: v.optional(Audience),
  online: v.optional(v.picklist(['all', 'match_last_seen'])),
  profilePicture: v.optional(Audience),
  about: v.optional(Audience),
  readReceipts: v.optional(v.picklist(['all', 'none'])),
  groupsAdd: v.optional(v.picklist(['all', 'contacts', 'contact_blacklist'])),
  calls: v.optional(v.picklist(['all', 'known'])),
  messages: v.optional(v.picklist(['all', 'contacts'])),
}
const isAny = (values: unknown[]) => values.some((value) => value !== undefined)

export const PatchPrivacy = v.pipe(
  v.strictObject(settings),
  v.check((patch) => isAny(Object.values(patch)), 'must change something'),
)
export type PatchPrivacy = v.InferOutput<typeof PatchPrivacy>
/** What WhatsApp tells may be a word that it does not take from us. */
export type PrivacySettings = { [K in keyof typeof settings]-?: string }

/** WhatsApp's app takes 25 letters of a name and 139 of the words below it. */
export const PatchProfile = v.pipe(
  v.strictObject({
    name: v.optional(
      v.pipe(
        v.string(),
        v.trim(),
        v.minLength(1, 'must not be empty'),
        v.maxLength(25, 'must have at most 25 letters'),
      ),
    ),
    about: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(139, 'must have at most 139 letters'))),
  }),
  v.check((patch) => isAny(Object.values(patch)), 'must change something'),
)
export type PatchProfile = v.InferOutput<typeof PatchProfile>
