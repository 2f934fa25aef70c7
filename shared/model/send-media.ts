// What people give to send a file.
import * as v from 'valibot'
import { FileId } from './media.ts'

const longestCaption = 4_096
/** In the body, where all of it is in memory: larger ones go to `POST /v1/media`. 16 MB as base64. */
const longestBase64 = 22_400_000

export const Caption = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(longestCaption, `must be at most ${longestCaption} characters`),
    v.check((text) => text.trim().length > 0, 'must not be empty'),
  ),
)
const FileName = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(1_000)))
const Flag = v.optional(v.boolean())

/** Valibot's own `base64` overflows the stack from 5 MB on (1.5.0, observed 2026-11). */
const isBase64 = (text: string) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)

const GivenMedia = v.pipe(
  v.strictObject({
    fileId: v.optional(FileId),
    url: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(2_000))),
    base64: v.optional(
      v.pipe(
        v.string(),
        v.maxLength(longestBase64, `must be at most ${longestBase64} characters; larger files go to POST /v1/media`),
        v.check(isBase64, 'must be base64, without a data: in front'),
      ),
    ),
    mimetype: v.optional(v.pipe(v.string(), v.maxLength(200))),
  }),
  v.check(
    ({ fileId, url, base64 }) => [fileId, url, base64].filter((one) => one !== undefined).length === 1,
    'must have exactly one of fileId, url, base64',
  ),
)

/** The forms of `POST …/messages` that carry a file; `every` is what all messages take. */
export const sendMediaForms = <const E extends v.ObjectEntries>(every: E) =>
  [
    v.strictObject({ ...every, type: v.literal('image'), media: GivenMedia, caption: Caption, viewOnce: Flag }),
    v.strictObject({
      ...every,
      type: v.literal('video'),
      media: GivenMedia,
      caption: Caption,
      viewOnce: Flag,
      gif: Flag,
      videoNote: Flag,
    }),
    v.strictObject({ ...every, type: v.literal('audio'), media: GivenMedia }),
    v.strictObject({ ...every, type: v.literal('voice'), media: GivenMedia, viewOnce: Flag }),
    v.strictObject({
      ...every,
      type: v.literal('document'),
      media: GivenMedia,
      caption: Caption,
      fileName: FileName,
    }),
    v.strictObject({ ...every, type: v.literal('sticker'), media: GivenMedia }),
  ] as const

const forms = sendMediaForms({})
export type SendMedia = v.InferOutput<(typeof forms)[number]>
