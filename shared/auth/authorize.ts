// What an actor may do. Absent and not-yours look the same; 403 is said only to a caller that may know the thing exists.
import { isAllowed, maySeeSession, type Actor, type Scope, type ScopePattern } from '../model/api-key.ts'

const sessionResources = ['sessions', 'messages', 'chats', 'contacts', 'events']

/**
 * `hidden`: answer as if the session did not exist.
 * `forbidden`: the caller may know of it, if it exists, but lacks the scope.
 */
export function mayUseSession(actor: Actor, sessionId: string, scope: Scope): 'allowed' | 'forbidden' | 'hidden' {
  if (!maySeeSession(actor, sessionId)) return 'hidden'
  if (isAllowed(actor, scope)) return 'allowed'
  const knows = actor.scopes.some(
    (given) => given === '*' || sessionResources.includes(given.slice(0, given.indexOf('.'))),
  )
  return knows ? 'forbidden' : 'hidden'
}

/** As above, of connectors. They are everybody's: a key that is limited to some sessions is told of none. */
export function mayUseConnectors(actor: Actor, scope: Scope): 'allowed' | 'forbidden' | 'hidden' {
  if (actor.sessions !== undefined) return 'hidden'
  if (isAllowed(actor, scope)) return 'allowed'
  return actor.scopes.some((given) => given.startsWith('connectors.')) ? 'forbidden' : 'hidden'
}

/** Whether everything `rights` allows is allowed to `actor` as well. */
export function isWithin(
  actor: Actor,
  rights: { scopes: readonly ScopePattern[]; sessions?: readonly string[] | undefined },
): boolean {
  const covered = rights.scopes.every(
    (wanted) =>
      actor.scopes.includes('*') ||
      actor.scopes.includes(wanted) ||
      actor.scopes.includes(`${wanted.slice(0, wanted.indexOf('.'))}.*`),
  )
  const { sessions } = actor
  return covered && (sessions === undefined || rights.sessions?.every((id) => sessions.includes(id)) === true)
}
