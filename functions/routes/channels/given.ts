// What callers give of channels.
import * as v from 'valibot'
import { longestChannelDescription, longestChannelName } from '../../../shared/model/channel.ts'

const isPlain = (text: string) => !/(?!\n)\p{Cc}/u.test(text)

export const Name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, 'must not be empty'),
  v.maxLength(longestChannelName, `must be at most ${longestChannelName} characters`),
  v.check((text) => isPlain(text) && !text.includes('\n'), 'must have no control characters'),
)
export const Description = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(longestChannelDescription, `must be at most ${longestChannelDescription} characters`),
  v.check(isPlain, 'must have no control characters'),
)
