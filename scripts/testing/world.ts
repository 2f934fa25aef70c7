// A whole small world in processes of its own: sandbox and connectors on the run's MongoDB, seen through a store and a feed.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import type { EventType, StoredEvent } from '../../shared/model/event.ts'
import type { CommandPayloads } from '../../shared/model/command.ts'
import { toPhoneJid } from '../../shared/model/jid.ts'
import type { SessionSettings } from '../../shared/model/session.ts'
import { openStore } from '../../shared/store/open-store.ts'
import { createHttp } from '../demo/clients.ts'
import { startChild, type Child } from './child.ts'
import { dropDb, freshDbName, testSecret } from './mongo.ts'

export type Phone = { phone: string; lid: string; name: string }
export type InboxRow = {
  seq: number
  messageId: string
  from: string
  kind: string
  text?: string
  targetId?: string
  quotedMessageId?: string
  deliveries: number
  read: boolean
  details?: Record<string, unknown>
}
export type PhoneState = {
  devices: { device: number; online: boolean; queued: number }[]
  counters: { failedDecryptions: number; retryReceiptsReceived: number; duplicates: number; nacks487: number }
}

export type World = Awaited<ReturnType<typeof openWorld>>

export type WorldOptions = {
  /** For every connector of this world. */
  connectorEnv?: Record<string, string>
  /** A MongoDB of the world's own. Default: the run's. */
  mongodbUri?: string
}

export async function openWorld(options: WorldOptions = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'wastream-world-'))
  const connectorTmp = join(dataDir, 'connector-tmp')
  mkdirSync(connectorTmp)
  const uri = options.mongodbUri ?? inject('mongodbUri')
  const dbName = freshDbName()
  const [store, sandbox] = await Promise.all([
    openStore({ uri, dbName, secretKey: testSecret }),
    startChild('scripts/sandbox/main.ts', { SANDBOX_PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error' }),
  ])
  const feed = await store.openFeed()
  const events: StoredEvent[] = []
  const waiting = new Set<() => void>()
  feed.listen((change) => {
    if (change.kind === 'event') events.push(change.event)
    for (const look of waiting) look()
  })
  const connectors: Child[] = []
  const door = createHttp(sandbox.ready['sandbox'] ?? '')

  /** Looks again whenever anything changes in the database, until it is true. */
  function until<T>(what: string, look: () => T | undefined | false, timeoutMs = 120_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (finish: () => void) => {
        clearTimeout(timer)
        waiting.delete(check)
        finish()
      }
      const check = () => {
        const found = look()
        if (found !== undefined && found !== false) end(() => resolve(found))
      }
      const timer = setTimeout(
        () =>
          end(() =>
            reject(
              new Error(
                `waited ${timeoutMs} ms for ${what}; connector: ${connectors.map((one) => one.stderr().slice(-3_000)).join('\n')}`,
              ),
            ),
          ),
        timeoutMs,
      )
      waiting.add(check)
      check()
    })
  }

  const world = {
    store,
    uri,
    feed,
    events,
    door,
    dbName,
    sandbox,
    until,
    /** Where connectors may write for a moment. */
    connectorTmp,

    /** Events of one type, in the order of their stream. */
    of: (type: EventType, stream?: string) =>
      events.filter((event) => event.type === type && (stream === undefined || event.stream === stream)),

    untilEvent: (type: EventType, fits: (event: StoredEvent) => boolean = () => true, timeoutMs?: number) =>
      until(type, () => events.find((event) => event.type === type && fits(event)), timeoutMs),

    /** All that were started, those that ended included. */
    connectors: (): readonly Child[] => connectors,

    async startConnector(env: Record<string, string> = {}): Promise<Child> {
      const child = await startChild('connector/main.ts', {
        MONGODB_URI: uri,
        MONGODB_DB: dbName,
        SECRET_KEY: testSecret,
        SANDBOX_URL: sandbox.ready['sandbox'] ?? '',
        CONNECTOR_PORT: '0',
        CONNECTOR_ROLES: 'sessions',
        LEASE_TTL_MS: '2000',
        LOG_LEVEL: 'info',
        LOG_FORMAT: 'json',
        TMPDIR: connectorTmp,
        ...options.connectorEnv,
        ...env,
      })
      connectors.push(child)
      return child
    },

    async phone(name: string): Promise<Phone> {
      return (await door('POST', '/phones', { name })) as Phone
    },

    async createSession(sessionId: string, settings: SessionSettings = {}, sandboxed = true): Promise<void> {
      await store.sessions.create(sessionId, { sandbox: sandboxed, settings })
      await store.leases.create(sessionId)
    },

    /** Creates a session, scans its QR with the phone, waits until it is connected. */
    async link(sessionId: string, phone: Phone, settings: SessionSettings = {}): Promise<void> {
      await world.createSession(sessionId, settings)
      const qr = await world.untilEvent('session.qr', (event) => event.stream === sessionId)
      await door('POST', `/phones/${phone.phone}/scan`, { qr: qr.data['code'] as string })
      await world.untilEvent('session.connected', (event) => event.stream === sessionId)
    },

    /** Accepts a text as the API would; returns the message id. */
    async post(
      sessionId: string,
      to: Phone,
      text: string,
      more: Partial<CommandPayloads['message.send']> = {},
    ): Promise<string> {
      const jid = toPhoneJid(to.phone)
      const messageId = `3EB0${randomBytes(9).toString('hex').toUpperCase()}`
      await store.commands.accept({
        _id: randomBytes(12).toString('hex'),
        sessionId,
        lane: jid,
        kind: 'message.send',
        payload: { to: jid, content: { type: 'text', text }, ...more },
        messageId,
        actor: 'test',
      })
      return messageId
    },

    /** Waits until the phone has `atLeast` texts and gives them all, in order. */
    async inbox(phone: Phone, atLeast = 0): Promise<InboxRow[]> {
      const wait = atLeast > 0 ? `&atLeast=${atLeast}&wait=60` : ''
      const answer = await door('GET', `/phones/${phone.phone}/messages?limit=5000${wait}`)
      return answer['data'] as InboxRow[]
    },

    async phoneState(phone: Phone): Promise<PhoneState> {
      return (await door('GET', `/phones/${phone.phone}`)) as PhoneState
    },

    async close(): Promise<void> {
      for (const child of connectors) child.kill('SIGKILL')
      await Promise.all(connectors.map((one) => one.exited))
      await feed.close()
      await store.close()
      await sandbox.stop()
      await dropDb(uri, dbName)
      // What a killed connector had started may write there for a moment yet.
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
  return world
}

/** 1, 2, 3 … of a numbered burst. */
export function numbered(text: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${text} ${i + 1}`)
}
