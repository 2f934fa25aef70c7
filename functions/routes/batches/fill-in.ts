// `{{name}}` in a message's words, replaced by what a recipient's variables say; what they say is not read again.
import * as v from 'valibot'
import { Text, type BulkMessage } from '../../../shared/model/message.ts'
import { Caption } from '../../../shared/model/send-media.ts'
import type { FieldFault } from '../../../shared/model/problem.ts'

export type Variables = Record<string, string | number>

const placeholder = /\{\{\s*([^{}\s]{1,64})\s*\}\}/g

/** The message for this recipient, or why there is none; `path` is where its faults stand. */
export function fillIn(message: BulkMessage, variables: Variables, path: string): BulkMessage | FieldFault[] {
  const missing = new Set<string>()
  const fill = (words: string) =>
    words.replace(placeholder, (_whole, name: string) => {
      if (Object.hasOwn(variables, name)) return String(variables[name])
      missing.add(name)
      return ''
    })
  const filled =
    message.type === 'text'
      ? { ...message, text: fill(message.text) }
      : 'caption' in message && message.caption !== undefined
        ? { ...message, caption: fill(message.caption) }
        : message
  if (missing.size > 0) return [...missing].map((name) => ({ path: `${path}.variables`, message: `must have ${name}` }))
  const checked =
    filled.type === 'text'
      ? v.safeParse(Text, filled.text)
      : v.safeParse(Caption, 'caption' in filled ? filled.caption : undefined)
  if (checked.success) return filled
  return [{ path, message: `filled in, the message ${checked.issues[0].message}` }]
}
