// Everything that is kept, opened once and handed in. The only way to the database for the rest of the product.
import type { Db, IndexDescription, MongoClient } from 'mongodb'
import { Problem } from '../model/problem.ts'
import { apiKeyIndexes, createApiKeyStore } from './api-keys.ts'
import { authIndexes, createAuthLogStore } from './auth-log.ts'
import { batchIndexes, batchRecipientIndexes, createBatchStore } from './batches.ts'
import { callIndexes, createCallStore } from './calls.ts'
import { channelIndexes, createChannelStore } from './channels.ts'
import { chatIndexes, createChatStore } from './chats.ts'
import { createCipher, type Cipher } from './cipher.ts'
import { openClient, type OpenClientOptions } from './client.ts'
import { commandIndexes, createCommandStore } from './commands.ts'
import { connectorIndexes, createConnectorStore } from './connectors.ts'
import { contactIndexes, createContactStore } from './contacts.ts'
import { createDeliveryStore, deliveryIndexes } from './deliveries.ts'
import { createEarlyMarkStore, earlyMarkIndexes } from './early-marks.ts'
import { createEventStore, eventIndexes } from './events.ts'
import { openFeed, type FeedOptions } from './feed.ts'
import { createGroupStore, groupIndexes } from './groups.ts'
import { createLabelStore, labelIndexes } from './labels.ts'
import { createLeaseStore, leaseIndexes } from './leases.ts'
import { createGridFsBytes, gridFsIndexes } from './gridfs-bytes.ts'
import { createMediaStore, mediaIndexes } from './media.ts'
import { createMessageLabelStore, messageLabelIndexes } from './message-labels.ts'
import { createMessageStore, messageIndexes } from './messages.ts'
import { createPostStore, postIndexes } from './posts.ts'
import { createRateLimitStore, rateLimitIndexes } from './rate-limits.ts'
import { createSessionStore, sessionIndexes } from './sessions.ts'
import { createSignalStore, signalIndexes } from './signals.ts'
import { createSigner } from './signer.ts'
import { createTicketStore, ticketIndexes } from './tickets.ts'
import { createWebhookStore, webhookIndexes } from './webhooks.ts'

export type OpenStoreOptions = OpenClientOptions & {
  /** Default `wastream`. */
  dbName?: string
  /** 32 bytes, base64. */
  secretKey: string
  secretKeyPrevious?: string | undefined
  /** Default 30. */
  eventRetentionDays?: number
}

export type Store = Awaited<ReturnType<typeof openStore>>

/** Connects, checks the secret against the one the data was written with, and brings the indexes up. */
export async function openStore(options: OpenStoreOptions) {
  const client = await openClient(options)
  try {
    const db = client.db(options.dbName ?? 'wastream')
    const cipher = createCipher(options.secretKey, options.secretKeyPrevious)
    await ensureIndexes(db, options.eventRetentionDays ?? 30)
    await checkSecret(db, cipher)
    const webhookCipher = createCipher(options.secretKey, options.secretKeyPrevious, 'webhooks')
    const mediaCipher = createCipher(options.secretKey, options.secretKeyPrevious, 'media')
    const links = createSigner(options.secretKey, options.secretKeyPrevious)
    return { ...createStore(client, db, cipher, webhookCipher, mediaCipher), links }
  } catch (error) {
    await client.close()
    throw error
  }
}

function createStore(client: MongoClient, db: Db, cipher: Cipher, webhookCipher: Cipher, mediaCipher: Cipher) {
  return {
    sessions: createSessionStore(db),
    leases: createLeaseStore(db),
    connectors: createConnectorStore(db),
    auth: createAuthLogStore(client, db, cipher),
    chats: createChatStore(db),
    contacts: createContactStore(db),
    groups: createGroupStore(db),
    channels: createChannelStore(db),
    labels: createLabelStore(db),
    calls: createCallStore(db),
    messages: createMessageStore(db),
    posts: createPostStore(db),
    messageLabels: createMessageLabelStore(db),
    earlyMarks: createEarlyMarkStore(db),
    media: createMediaStore(db, createGridFsBytes(db, mediaCipher), mediaCipher),
    commands: createCommandStore(db),
    batches: createBatchStore(client, db),
    events: createEventStore(db),
    signals: createSignalStore(db),
    webhooks: createWebhookStore(db, webhookCipher),
    deliveries: createDeliveryStore(db),
    apiKeys: createApiKeyStore(db),
    tickets: createTicketStore(db),
    rateLimits: createRateLimitStore(db),
    openFeed: (feed?: FeedOptions) => openFeed(db, feed),
    /** Throws `store.unavailable` when MongoDB does not answer within a second. */
    ping: () => answersWithin(pingMs, db.command({ ping: 1 })),
    close: () => client.close(),
  }
}

const pingMs = 1_000

/** The driver's own `timeoutMS` waits for the socket of a frozen server all the same (15 s, observed 2026-11, mongodb 7.9.0). */
async function answersWithin(ms: number, asking: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Problem('store.unavailable')), ms)
  })
  try {
    await Promise.race([asking, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** Idempotent and safe in several processes at once; MongoDB builds what is missing. */
async function ensureIndexes(db: Db, eventRetentionDays: number): Promise<void> {
  const wanted: Record<string, IndexDescription[]> = {
    sessions: sessionIndexes,
    leases: leaseIndexes,
    connectors: connectorIndexes,
    authLog: authIndexes,
    authKeys: authIndexes,
    authCreds: authIndexes,
    chats: chatIndexes,
    contacts: contactIndexes,
    groups: groupIndexes,
    channels: channelIndexes,
    labels: labelIndexes,
    calls: callIndexes,
    messages: [...messageIndexes, ...postIndexes, ...messageLabelIndexes],
    earlyMarks: earlyMarkIndexes,
    media: mediaIndexes,
    ...gridFsIndexes,
    commands: commandIndexes,
    batches: batchIndexes,
    batchRecipients: batchRecipientIndexes,
    events: eventIndexes(eventRetentionDays),
    streams: [],
    signals: signalIndexes,
    webhooks: webhookIndexes,
    deliveries: deliveryIndexes(eventRetentionDays),
    apiKeys: apiKeyIndexes,
    tickets: ticketIndexes,
    rateLimits: rateLimitIndexes,
  }
  const standing = new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map((one) => one.name))
  for (const [name, indexes] of Object.entries(wanted)) {
    // Transactions may not create collections implicitly on every server, so they stand from the start.
    if (!standing.has(name))
      await db.createCollection(name).catch((error: unknown) => {
        if ((error as { code?: number }).code !== namespaceExists) throw error
      })
    if (indexes.length === 0) continue
    await db
      .collection(name)
      .createIndexes(indexes)
      .catch(async (error: unknown) => {
        if ((error as { code?: number }).code !== indexOptionsConflict || !retained.has(name)) throw error
        await db.command({
          collMod: name,
          index: { name: 'retention', expireAfterSeconds: eventRetentionDays * 86_400 },
        })
      })
  }
}

/** Collections that expire with EVENT_RETENTION_DAYS, which may change. */
const retained = new Set(['events', 'deliveries'])
const namespaceExists = 48
const indexOptionsConflict = 85

/** A process with another SECRET_KEY would write what nobody else can read: it must not start. */
async function checkSecret(db: Db, cipher: Cipher): Promise<void> {
  const place = 'meta/secret'
  const meta = db.collection<{ _id: string; value: Uint8Array }>('meta')
  await meta.updateOne(
    { _id: 'secret' },
    { $setOnInsert: { value: cipher.seal(Buffer.from('wastream'), place) } },
    { upsert: true },
  )
  const row = await meta.findOne({ _id: 'secret' })
  if (!row) throw new Problem('store.unavailable')
  try {
    const value = row.value
    cipher.open(value instanceof Uint8Array ? value : (value as { buffer: Uint8Array }).buffer, place)
  } catch (error) {
    throw new Problem('secret.mismatch', {
      detail:
        'SECRET_KEY is not the key this database was written with; set it, or give the old one as SECRET_KEY_PREVIOUS',
      cause: error,
    })
  }
}
