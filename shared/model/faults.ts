// What was wrong with an input, in words for people: the path of each fault, never the value that was given.
import type * as v from 'valibot'
import type { FieldFault } from './problem.ts'

export function toFaults(issues: readonly v.BaseIssue<unknown>[]): FieldFault[] {
  return issues.map((issue) => ({ path: toPath(issue), message: toSentence(issue) }))
}

function toPath(issue: v.BaseIssue<unknown>): string {
  return (issue.path ?? []).map((item) => String(item.key)).join('.')
}

const words = new Map([
  ['Object', 'an object'],
  ['Array', 'a list'],
  ['string', 'a string'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
])

function toSentence(issue: v.BaseIssue<unknown>): string {
  const { expected, message, received, type } = issue
  if (type === 'strict_object') {
    if (expected === 'never') return 'is not a known field'
    return received === 'undefined' ? 'is required' : 'must be an object'
  }
  // valibot's own sentences repeat what was received; ours, given at the schema, do not.
  if (!message.startsWith('Invalid ')) return message
  if (expected === null || expected.startsWith('/')) return 'is not valid'
  const [, sign, bound] = /^([<>])=(.+)$/.exec(expected) ?? []
  if (sign) return `must ${type.endsWith('_length') ? 'have' : 'be'} at ${sign === '>' ? 'least' : 'most'} ${bound}`
  const choices = expected.replace(/^\((.*)\)$/, '$1').split(' | ')
  return `must be ${choices.map((one) => words.get(one) ?? one).join(' or ')}`
}
