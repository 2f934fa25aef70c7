// A session is one linked phone: what is wanted of it, what it is, and what people see of it.
import * as v from 'valibot'
import { findProxyFault, type OutsideRules } from './outside-url.ts'
import type { FieldFault } from './problem.ts'
import { DownloadMedia } from './media.ts'

export const sessionIdPattern = /^[A-Za-z0-9_-]{1,64}$/
export const SessionId = v.pipe(v.string(), v.regex(sessionIdPattern, 'must be 1 to 64 of A-Z a-z 0-9 _ -'))

export const SessionStatus = v.picklist([
  'pending',
  'qr_ready',
  'pairing',
  'connecting',
  'connected',
  'disconnected',
  'error',
  'inactive',
])
export type SessionStatus = v.InferOutput<typeof SessionStatus>

/** A slower way out than WhatsApp would bear. `{}` = as fast as it goes. */
export const Pace = v.strictObject({
  /** Messages a minute, on average, at most; no more than three seconds' worth, and no more than 5, go at once. */
  perMinute: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(6_000))),
  /** After each message the next one rests for a random time up to this, ms. Default 0. */
  jitterMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(600_000))),
})
export type Pace = v.InferOutput<typeof Pace>

export const RejectCalls = v.strictObject({
  enabled: v.boolean(),
  /** Written to whoever has called, once for each call that was rejected. Default: nothing is. */
  message: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1, 'must not be empty'), v.maxLength(4_000))),
})
export type RejectCalls = v.InferOutput<typeof RejectCalls>

export const SessionSettings = v.strictObject({
  /** Calls are rejected as they ring; given, it replaces what was set before as a whole. Default: they ring. */
  rejectCalls: v.optional(RejectCalls),
  /** Message stanzas of groups are acknowledged and dropped, from the moment it is set. Default false. */
  ignoreGroups: v.optional(v.boolean()),
  ignoreStatus: v.optional(v.boolean()),
  /** The same of channels' posts. Default false. */
  ignoreChannels: v.optional(v.boolean()),
  /** Announce presence when connecting; default false keeps notifications on the phone. */
  markOnline: v.optional(v.boolean()),
  /** Send read receipts for what arrives. Default false. */
  autoRead: v.optional(v.boolean()),
  /** Ask the phone for its full history when linking. Default true. */
  syncFullHistory: v.optional(v.boolean()),
  /**
   * An HTTP proxy (`http://name:password@host:port`) through which WhatsApp and its media hosts are reached; null = none. A change reconnects.
   * It is shown without its password.
   */
  proxyUrl: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(2_000)))),
  /** Which files are fetched by themselves. */
  downloadMedia: v.optional(DownloadMedia),
  /** How fast messages leave; given, it replaces the pace before as a whole, from the next message on. Default as fast as it goes. */
  pace: v.optional(Pace),
})
export type SessionSettings = v.InferOutput<typeof SessionSettings>

/** What is given replaces what stood under that name; null = the default again. */
const PatchSettings = v.strictObject({
  rejectCalls: v.nullish(RejectCalls),
  ignoreGroups: v.nullish(v.boolean()),
  ignoreStatus: v.nullish(v.boolean()),
  ignoreChannels: v.nullish(v.boolean()),
  markOnline: v.nullish(v.boolean()),
  autoRead: v.nullish(v.boolean()),
  syncFullHistory: v.nullish(v.boolean()),
  proxyUrl: SessionSettings.entries.proxyUrl,
  downloadMedia: v.nullish(DownloadMedia),
  pace: v.nullish(Pace),
} satisfies Record<keyof SessionSettings, unknown>)

const hiddenPassword = '***'

/** Without what nobody needs to see again. */
export function toShownSettings(settings: SessionSettings): SessionSettings {
  const { proxyUrl } = settings
  if (typeof proxyUrl !== 'string' || !URL.canParse(proxyUrl)) return settings
  const url = new URL(proxyUrl)
  if (url.password !== '') url.password = hiddenPassword
  return { ...settings, proxyUrl: url.href }
}

/** What is wrong with given settings besides their form; empty = nothing. */
export function findSettingFaults({ proxyUrl }: Pick<SessionSettings, 'proxyUrl'>, rules: OutsideRules): FieldFault[] {
  if (typeof proxyUrl !== 'string') return []
  const fault = findProxyFault(proxyUrl, rules)
  const isShown = fault === undefined && new URL(proxyUrl).password === hiddenPassword
  const message = isShown ? 'has its password left out; give it whole' : fault
  return message === undefined ? [] : [{ path: 'settings.proxyUrl', message }]
}

/** What the owner of the session is asked to keep true. */
export type SessionWanted = 'linked' | 'stopped' | 'logged_out' | 'deleted'

export type SessionQr = {
  /** The text in the picture. */
  code: string
  /** `data:image/png;base64,…` */
  png: string
  svg: string
  expiresAt: Date
}

/** WhatsApp's lock on writing to new contacts, the last one there was; times are the connector's. */
export type OutreachLock = {
  until: Date
  /** `guess`: WhatsApp has refused a message and has not said for how long. */
  by: 'whatsapp' | 'guess'
  /** Locks that came within a day of the one before, in a row; 0 = the first. */
  repeats: number
  /** Counts the changes that are told, for ever; it names their events. */
  revision: number
  /** It has ended, and that was told. */
  isOver: boolean
}

/** The document in `sessions`; times are server or connector time, UTC. */
export type Session = {
  _id: string
  name: string
  sandbox: boolean
  settings: SessionSettings
  /** Counts every PATCH, so that the owner hears of it. */
  settingsRevision?: number
  wanted: SessionWanted
  /** Counts every start/stop/restart asked for; the owner acts when it differs from `actedRevision`. */
  wantedRevision: number
  actedRevision: number
  status: SessionStatus
  linked: boolean
  phone?: string
  /** The number that was linked last; it stays when the link ends. */
  lastPhone?: string
  lid?: string
  pushName?: string
  platform?: string
  version?: string
  userAgent?: string
  qr?: SessionQr
  pairing?: { phone: string; requestedAt: Date; code?: string; expiresAt?: Date; error?: string }
  connectionAttempts: number
  lastConnectionAttempt?: Date
  lastDisconnect?: { code: number; reason: string; at: Date }
  lastActivity: Date
  lastHealthCheck?: Date
  connectedAt?: Date
  outreachLock?: OutreachLock
  /** Its link was handed out: live in two places it would break. */
  movedAt?: Date
  /** Of the pairs of LID and phone number that the contacts know. */
  peopleMark?: string
  messagesSent: number
  messagesReceived: number
  createdAt: Date
  updatedAt: Date
}

export const CreateSession = v.strictObject({
  sessionId: v.optional(SessionId),
  name: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100))),
  sandbox: v.optional(v.boolean()),
  settings: v.optional(SessionSettings),
})
export type CreateSession = v.InferOutput<typeof CreateSession>

export const PatchSession = v.strictObject({
  name: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100))),
  settings: v.optional(PatchSettings),
})
export type PatchSession = v.InferOutput<typeof PatchSession>

/** Absent = messages to new contacts leave. A lock may run out while nobody holds the session to say so. */
function outreachLockedUntil({ outreachLock: lock }: Session): Date | undefined {
  return lock && !lock.isOver && lock.until > new Date() ? lock.until : undefined
}

/** What the API shows of a session. */
export function toSessionView(session: Session, counts: { totalChats?: number } = {}) {
  return {
    sessionId: session._id,
    name: session.name,
    sandbox: session.sandbox,
    settings: toShownSettings(session.settings),
    status: session.wanted === 'stopped' && session.status === 'disconnected' ? 'inactive' : session.status,
    isConnected: session.status === 'connected',
    isActive: session.wanted === 'linked',
    linked: session.linked,
    phone: session.phone,
    lastPhone: session.lastPhone,
    lid: session.lid,
    pushName: session.pushName,
    platform: session.platform,
    version: session.version,
    userAgent: session.userAgent,
    qrCode: session.qr?.png,
    connectionAttempts: session.connectionAttempts,
    lastConnectionAttempt: session.lastConnectionAttempt,
    lastDisconnectReason: session.lastDisconnect?.reason,
    lastDisconnect: session.lastDisconnect,
    movedAt: session.movedAt,
    lastActivity: session.lastActivity,
    lastHealthCheck: session.lastHealthCheck,
    outreachLockedUntil: outreachLockedUntil(session),
    messagesSent: session.messagesSent,
    messagesReceived: session.messagesReceived,
    ...counts,
    createdAt: session.createdAt,
    updatedAt: session.updatedAt,
  }
}
