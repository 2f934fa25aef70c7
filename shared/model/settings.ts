// Every setting the product reads from its environment, checked once, every fault named at once.
import * as v from 'valibot'
import { Problem } from './problem.ts'

const port = (fallback: number) =>
  v.optional(v.pipe(v.string(), v.regex(/^\d{1,5}$/), v.transform(Number), v.maxValue(65535)), String(fallback))
const count = (fallback: number, min: number, max: number) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,9}$/, 'must be a whole number'),
      v.transform(Number),
      v.minValue(min),
      v.maxValue(max),
    ),
    String(fallback),
  )
const onOff = (fallback: 'on' | 'off') =>
  v.optional(
    v.pipe(
      v.picklist(['on', 'off', 'true', 'false', '1', '0']),
      v.transform((s) => ['on', 'true', '1'].includes(s)),
    ),
    fallback,
  )
const list = v.optional(
  v.pipe(
    v.string(),
    v.transform((s) =>
      s
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    ),
  ),
  '',
)
const secret = v.pipe(
  v.string(),
  v.check((s) => /^[A-Za-z0-9+/]{43}=?$/.test(s), 'must be 32 bytes in base64 (openssl rand -base64 32)'),
)
const roles = ['sessions', 'relay', 'webhooks', 'jobs'] as const

export const Settings = v.object({
  /** The API and the relay in `npm start`. Default 3000 on 127.0.0.1. */
  PORT: port(3000),
  HOST: v.optional(v.string(), '127.0.0.1'),
  /** Our own address as clients see it; default `http://HOST:PORT`. */
  PUBLIC_URL: v.optional(v.pipe(v.string(), v.url())),
  FRONTEND_URL: v.optional(v.pipe(v.string(), v.url())),
  /** Where a connector of its own listens (relay, health). Default 3001. */
  CONNECTOR_PORT: port(3001),
  /** The relay's address for browsers (`ws://…`); `POST /v1/ws-tickets` hands it out. */
  PUBLIC_RELAY_URL: v.optional(v.pipe(v.string(), v.url())),
  DATA_DIR: v.optional(v.string(), '.data'),
  /** A replica set or sharded cluster. */
  MONGODB_URI: v.optional(
    v.pipe(v.string(), v.regex(/^mongodb(\+srv)?:\/\//, 'must begin with mongodb:// or mongodb+srv://')),
  ),
  MONGODB_DB: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,38}$/)), 'wastream'),
  /** 32 bytes, base64. Encryption at rest and signing use keys derived from it. */
  SECRET_KEY: v.optional(secret),
  /** Still decrypts, never encrypts. */
  SECRET_KEY_PREVIOUS: v.optional(secret),
  /** Made valid at start when given; at least 24 characters. */
  ADMIN_API_KEY: v.optional(v.pipe(v.string(), v.minLength(24, 'must be at least 24 characters'), v.maxLength(256))),
  /** The WebSocket ordinary sessions connect to; default WhatsApp's own. */
  WHATSAPP_URL: v.optional(v.pipe(v.string(), v.regex(/^wss?:\/\//, 'must begin with ws:// or wss://'))),
  /** The client version presented to WhatsApp, `2.3000.N`; default the current one, found when WhatsApp asks for it. */
  WHATSAPP_VERSION: v.optional(v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/, 'must be three numbers with dots'))),
  SANDBOX: v.optional(
    v.pipe(
      v.picklist(['on', 'off', 'true', 'false', '1', '0']),
      v.transform((s) => ['on', 'true', '1'].includes(s)),
    ),
  ),
  SANDBOX_PORT: port(3100),
  SANDBOX_URL: v.optional(v.pipe(v.string(), v.url())),
  DEFAULT_SESSION_ID: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/)), 'default'),
  /** Origins, comma-separated; none = no CORS headers at all. */
  CORS_ORIGINS: list,
  TRUST_PROXY: onOff('off'),
  SMTP_URL: v.optional(v.string()),
  MAIL_FROM: v.optional(v.string()),
  CRON_SECRET: v.optional(v.pipe(v.string(), v.minLength(24))),
  /** Days an event stays in the feed. Default 30. */
  EVENT_RETENTION_DAYS: count(30, 1, 3650),
  LOG_LEVEL: v.optional(v.picklist(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), 'info'),
  LOG_FORMAT: v.optional(v.picklist(['json', 'pretty'])),
  /** What one connector process does. */
  CONNECTOR_ROLES: v.optional(
    v.pipe(
      v.string(),
      v.transform((s) => s.split(',').map((part) => part.trim())),
      v.array(v.picklist(roles)),
    ),
    roles.join(','),
  ),
  CONNECTOR_MAX_SESSIONS: count(500, 1, 100_000),
  /** Milliseconds until a silent owner is taken over. Default 10000. */
  LEASE_TTL_MS: count(10_000, 1_000, 600_000),
  /** Webhooks may point into own networks, and plain http is allowed. Default off. */
  ALLOW_PRIVATE_ADDRESSES: onOff('off'),
  /** Requests a minute per API key. Default 600. */
  RATE_LIMIT_PER_MINUTE: count(600, 1, 1_000_000),
  NODE_ENV: v.optional(v.string(), 'development'),
})
export type Settings = v.InferOutput<typeof Settings>

/** Empty strings count as absent. Throws `settings.invalid` with one fault per bad setting; values are never repeated. */
export function parseSettings(env: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name in Settings.entries && value !== ''),
  )
  const result = v.safeParse(Settings, given)
  const errors = result.success
    ? []
    : result.issues.map((issue) => ({
        path: v.getDotPath(issue) ?? '',
        message: /received/.test(issue.message) ? `must be ${issue.expected ?? 'valid'}` : issue.message,
      }))
  if (result.success && result.output.NODE_ENV === 'production' && !result.output.SECRET_KEY)
    errors.push({ path: 'SECRET_KEY', message: 'is required when NODE_ENV=production' })
  if (!result.success || errors.length > 0) {
    const named = errors.map((fault) => `${fault.path} ${fault.message}`).join('; ')
    throw new Problem('settings.invalid', { detail: `Bad settings: ${named}`, errors })
  }
  return result.output
}
