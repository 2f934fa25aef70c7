// Every setting the product reads from its environment, checked once, every fault named at once.
import * as v from 'valibot'
import { toFaults } from './faults.ts'
import { Problem, type FieldFault } from './problem.ts'

const whole = (fallback: number, min: number, max: number) => {
  const sentence = `must be a whole number from ${min} to ${max}`
  return v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,9}$/, sentence),
      v.transform(Number),
      v.minValue(min, sentence),
      v.maxValue(max, sentence),
    ),
    String(fallback),
  )
}
const port = (fallback: number) => whole(fallback, 0, 65_535)
const onOff = v.pipe(
  v.picklist(['on', 'off', 'true', 'false', '1', '0'], 'must be on or off'),
  v.transform((s) => ['on', 'true', '1'].includes(s)),
)
const address = (...schemes: string[]) => {
  const names = schemes.map((scheme) => `${scheme}://`)
  const isOne = (s: string) => names.some((name) => s.startsWith(name)) && URL.canParse(s)
  return v.optional(v.pipe(v.string(), v.check(isOne, `must be an address that begins with ${names.join(' or ')}`)))
}
const parts = v.pipe(
  v.string(),
  v.transform((s) =>
    s
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  ),
)
const secret = v.optional(
  v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]{43}=?$/, 'must be 32 bytes in base64 (openssl rand -base64 32)')),
)
const oneOf = <const T extends string[]>(words: T) => v.picklist(words, `must be one of ${words.join(', ')}`)
const roles = ['sessions', 'relay', 'webhooks', 'jobs'] as const

export const Settings = v.object({
  /** The API and the relay in `npm start`. Default 3000 on 127.0.0.1. */
  PORT: port(3000),
  HOST: v.optional(v.string(), '127.0.0.1'),
  /** Our own address as clients see it; default `http://HOST:PORT`. */
  PUBLIC_URL: address('http', 'https'),
  /** Where a connector of its own listens (relay, health). Default 3001. */
  CONNECTOR_PORT: port(3001),
  /** The relay's address for browsers (`ws://…`); `POST /v1/ws-tickets` hands it out. */
  PUBLIC_RELAY_URL: address('ws', 'wss', 'http', 'https'),
  DATA_DIR: v.optional(v.string(), '.data'),
  /** A replica set or sharded cluster. */
  MONGODB_URI: v.optional(
    v.pipe(v.string(), v.regex(/^mongodb(\+srv)?:\/\//, 'must begin with mongodb:// or mongodb+srv://')),
  ),
  MONGODB_DB: v.optional(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,38}$/, 'must be 1 to 38 of A-Z a-z 0-9 _ -')),
    'wastream',
  ),
  /** 32 bytes, base64. Encryption at rest and signing use keys derived from it. */
  SECRET_KEY: secret,
  /** Still decrypts, never encrypts. */
  SECRET_KEY_PREVIOUS: secret,
  /** Made valid at start when given; at least 24 characters. */
  ADMIN_API_KEY: v.optional(
    v.pipe(
      v.string(),
      v.minLength(24, 'must have at least 24 characters'),
      v.maxLength(256, 'must have at most 256 characters'),
    ),
  ),
  /** The WebSocket ordinary sessions connect to; default WhatsApp's own. */
  WHATSAPP_URL: address('ws', 'wss'),
  /** The client version presented to WhatsApp, `2.3000.N`; default the current one, found when WhatsApp asks for it. */
  WHATSAPP_VERSION: v.optional(v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/, 'must be three numbers with dots'))),
  SANDBOX: v.optional(onOff),
  SANDBOX_PORT: port(3100),
  SANDBOX_URL: address('http', 'https'),
  DEFAULT_SESSION_ID: v.optional(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ -')),
    'default',
  ),
  /** Origins, comma-separated; none = no CORS headers at all. */
  CORS_ORIGINS: v.optional(parts, ''),
  TRUST_PROXY: v.optional(onOff, 'off'),
  /** Days an event stays in the feed. Default 30. */
  EVENT_RETENTION_DAYS: whole(30, 1, 3650),
  LOG_LEVEL: v.optional(oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), 'info'),
  LOG_FORMAT: v.optional(oneOf(['json', 'pretty'])),
  /** What one connector process does. */
  CONNECTOR_ROLES: v.optional(
    v.pipe(
      parts,
      v.minLength(1, `must name at least one of ${roles.join(', ')}`),
      v.array(v.picklist(roles, ({ input }) => `${toWord(input)} is not one of ${roles.join(', ')}`)),
    ),
    roles.join(','),
  ),
  CONNECTOR_MAX_SESSIONS: whole(500, 1, 100_000),
  /** Milliseconds until a silent owner is taken over. Default 10000. */
  LEASE_TTL_MS: whole(10_000, 1_000, 600_000),
  /** Webhooks may point into own networks, and plain http is allowed. Default off. */
  ALLOW_PRIVATE_ADDRESSES: v.optional(onOff, 'off'),
  /** Requests a minute per API key. Default 600. */
  RATE_LIMIT_PER_MINUTE: whole(600, 1, 1_000_000),
  /** Commands of one session that may wait in its queue; what comes on top is refused with 429. Default 10000. */
  MAX_QUEUED_PER_SESSION: whole(10_000, 1, 1_000_000),
  /** Largest file that is taken, fetched or sent, MB (1,048,576 bytes). Default 100. */
  MEDIA_MAX_MB: whole(100, 1, 2_048),
  /** `auto`: used by the connector when it is on the PATH, for what the connector cannot do itself. Default auto. */
  FFMPEG: v.optional(oneOf(['auto', 'off']), 'auto'),
  NODE_ENV: v.optional(v.string(), 'development'),
})
export type Settings = v.InferOutput<typeof Settings>

/** A misspelt role is said back to whoever wrote it; what does not look like a word might be a secret in the wrong place. */
function toWord(input: unknown): string {
  return typeof input === 'string' && /^[a-z]{1,16}$/i.test(input) ? input : 'what it names'
}

/**
 * Empty strings count as absent. Throws `settings.invalid` with one fault per bad setting, `needed` ones that are absent
 * among them; values are never repeated.
 */
export function parseSettings<const Name extends 'MONGODB_URI' = never>(
  env: Record<string, string | undefined>,
  needed: readonly Name[] = [],
): Settings & { [K in Name]-?: NonNullable<Settings[K]> } {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => Object.hasOwn(Settings.entries, name) && value !== ''),
  )
  const result = v.safeParse(Settings, given)
  const errors: FieldFault[] = result.success ? [] : toFaults(result.issues)
  if (given['NODE_ENV'] === 'production' && given['SECRET_KEY'] === undefined)
    errors.push({ path: 'SECRET_KEY', message: 'is required when NODE_ENV=production' })
  for (const path of needed)
    if (given[path] === undefined) errors.push({ path, message: 'is needed by a process of its own' })
  if (!result.success || errors.length > 0) {
    const named = [...new Set(errors.map(({ path, message }) => toSentence(path, message)))].join('; ')
    throw new Problem('settings.invalid', { detail: `Bad settings: ${named}`, errors })
  }
  return result.output as Settings & { [K in Name]-?: NonNullable<Settings[K]> }
}

/** `CONNECTOR_ROLES.0` is a place in a list: people know the name of the setting. */
function toSentence(path: string, message: string): string {
  const [name = '', place] = path.split('.')
  return place === undefined ? `${name} ${message}` : `${name}: ${message}`
}
