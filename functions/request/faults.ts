// What was wrong with the input, in words for people: the path of each fault, never the value that was given.
import type * as v from 'valibot'
import type { FieldFault } from '../../shared/model/problem.ts'

export function toFaults(issues: readonly v.BaseIssue<unknown>[]): FieldFault[] {
  return issues.map((issue) => ({ path: toPath(issue), message: toSentence(issue) }))
}

function toPath(issue: v.BaseIssue<unknown>): string {
  return (issue.path ?? []).map((item) => String(item.key)).join('.')
}

function toSentence(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object') {
    if (issue.expected === 'never') return 'is not a known field'
    if (issue.received === 'undefined') return 'is required'
    return 'must be an object'
  }
  // valibot's own sentences repeat what was received; ours, given at the schema, do not.
  if (!issue.message.startsWith('Invalid ')) return issue.message
  return issue.expected ? `must be ${issue.expected.replaceAll(' | ', ' or ')}` : 'is not valid'
}
