// What callers give of groups and of people in them.
import * as v from 'valibot'
import { longestDescription, longestSubject } from '../../../shared/model/group.ts'
import { isPersonJid } from '../../../shared/model/jid.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { toJid } from '../../request/address.ts'

const isPlain = (text: string) => !/(?!\n)\p{Cc}/u.test(text)

export const Subject = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, 'must not be empty'),
  v.maxLength(longestSubject, `must be at most ${longestSubject} characters`),
  v.check((text) => isPlain(text) && !text.includes('\n'), 'must have no control characters'),
)
export const Description = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(longestDescription, `must be at most ${longestDescription} characters`),
  v.check(isPlain, 'must have no control characters'),
)
export const People = (least: number, most: number) =>
  v.pipe(
    v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(100))),
    v.minLength(least, `must have at least ${least}`),
    v.maxLength(most, `must have at most ${most}`),
  )

/** Bare jids, each once. Throws `request.invalid` for who is nobody. */
export function toPeople(given: readonly string[]): string[] {
  const jids = given.map((text, i) => {
    const path = `participants.${i}`
    const jid = toJid(text, path)
    if (!isPersonJid(jid)) throw new Problem('request.invalid', { errors: [{ path, message: 'must be a person' }] })
    return jid
  })
  return [...new Set(jids)]
}
