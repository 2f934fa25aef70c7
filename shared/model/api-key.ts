// An API key: who calls, and what it may do. Only a hash of the key is stored.
import * as v from 'valibot'
import { SessionId } from './session.ts'

/** `resource.action`; `*` alone = everything, `resource.*` = every action on it. */
export const scopes = [
  'sessions.read',
  'sessions.write',
  'messages.read',
  'messages.write',
  'chats.read',
  'chats.write',
  'contacts.read',
  'groups.read',
  'groups.write',
  'channels.read',
  'channels.write',
  'contacts.write',
  'events.read',
  'webhooks.read',
  'webhooks.write',
  'connectors.read',
  'connectors.write',
  'keys.read',
  'keys.write',
  'ops.read',
] as const
export type Scope = (typeof scopes)[number]

const ScopePattern = v.picklist([
  '*',
  'sessions.*',
  'messages.*',
  'chats.*',
  'contacts.*',
  'groups.*',
  'channels.*',
  'events.*',
  'webhooks.*',
  'connectors.*',
  'keys.*',
  'ops.*',
  ...scopes,
])
export type ScopePattern = v.InferOutput<typeof ScopePattern>

export const CreateApiKey = v.strictObject({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100)),
  scopes: v.pipe(v.array(ScopePattern), v.minLength(1), v.maxLength(50)),
  /** Absent = every session, also those created later. */
  sessions: v.optional(v.pipe(v.array(SessionId), v.maxLength(1000))),
  expiresAt: v.optional(
    v.pipe(
      v.string(),
      v.isoTimestamp(),
      v.transform((s) => new Date(s)),
    ),
  ),
})
export type CreateApiKey = v.InferOutput<typeof CreateApiKey>

/** The document in `apiKeys`; `hash` = sha256 of the key, hex. */
export type ApiKey = {
  _id: string
  hash: string
  /** First characters of the key, to tell keys apart in a list. */
  prefix: string
  name: string
  scopes: ScopePattern[]
  sessions?: string[]
  createdAt: Date
  createdBy: string
  expiresAt?: Date
  revokedAt?: Date
}

/** Who is calling, as a value: later issues add people beside keys. */
export type Actor = { kind: 'key'; id: string; scopes: readonly string[]; sessions?: readonly string[] }

export function toActor(key: ApiKey): Actor {
  return { kind: 'key', id: key._id, scopes: key.scopes, ...(key.sessions ? { sessions: key.sessions } : {}) }
}

export function isAllowed(actor: Actor, scope: Scope): boolean {
  const resource = scope.slice(0, scope.indexOf('.'))
  return actor.scopes.some((given) => given === '*' || given === scope || given === `${resource}.*`)
}

/** What a key, a webhook, a caller is limited to; absent = every session. */
export type SessionLimit = { sessions?: readonly string[] | undefined }

export function maySeeSession(limit: SessionLimit, sessionId: string): boolean {
  return limit.sessions === undefined || limit.sessions.includes(sessionId)
}

/** Revoked or past its end. */
export function isKeyDead(key: ApiKey, now: Date): boolean {
  return key.revokedAt !== undefined || (key.expiresAt !== undefined && key.expiresAt <= now)
}

export function toApiKeyView(key: ApiKey) {
  return {
    keyId: key._id,
    prefix: key.prefix,
    name: key.name,
    scopes: key.scopes,
    sessions: key.sessions,
    createdAt: key.createdAt,
    createdBy: key.createdBy,
    expiresAt: key.expiresAt,
    revokedAt: key.revokedAt,
  }
}
