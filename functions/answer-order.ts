// The answer to an order that makes no message of its own: 202 when it stands in the outbox, 200 when it is done.
import type { Command } from '../shared/model/command.ts'
import type { AppContext } from './operation.ts'

export function answerOrder<More extends Record<string, string>>(
  c: AppContext,
  outcome: { command: Command; isDone: boolean },
  more: More,
) {
  const answer = { ...more, commandId: outcome.command._id }
  return outcome.isDone
    ? c.json({ ...answer, status: 'done' as const, ...resultOf(outcome.command) }, 200)
    : c.json({ ...answer, status: 'queued' as const }, 202)
}

/** What the act gave, for those who waited. */
export const resultOf = ({ result }: Command): { result?: Record<string, unknown> } => (result ? { result } : {})
