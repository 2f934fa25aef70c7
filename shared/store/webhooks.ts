// Webhooks: what is asked, who works on it (a lease with an epoch, by the server's clock), and how far the work is.
import { randomBytes } from 'node:crypto'
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import type { FeedPlace } from '../model/event.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'
import type { CreateWebhook, DisabledReason, PatchWebhook, SealedSecret, Webhook } from '../model/webhook.ts'
import { createToken, type Cipher } from './cipher.ts'

export const webhookIndexes: IndexDescription[] = [
  { key: { createdAt: -1, _id: 1 }, name: 'newest' }, // page()
  { key: { expiresAt: 1 }, name: 'free', partialFilterExpression: { enabled: true } }, // free()
  { key: { owner: 1 }, name: 'owner' }, // renew()
]

/** Bytes of a new secret; the specification asks for 24 to 64. */
const secretBytes = 32
/** Secrets that are signed with at once, at most: one rotation after the other does not make a header without end. */
const longestSecrets = 5

/** A webhook without what only its worker needs. */
export type WebhookRow = Omit<Webhook, 'places' | 'secrets'>
export type Patch = Omit<PatchWebhook, 'enabled'> & { enabled?: boolean | undefined; keyId?: string | undefined }

export function createWebhookStore(db: Db, cipher: Cipher) {
  const webhooks: Collection<Webhook> = db.collection('webhooks')
  const forPage = { places: 0, secrets: 0 } as const

  function seal(id: string): { secret: string; sealed: Uint8Array } {
    const secret = `whsec_${randomBytes(secretBytes).toString('base64')}`
    return { secret, sealed: cipher.seal(Buffer.from(secret), placeOf(id)) }
  }

  return {
    /** The secret is returned once and kept sealed. */
    async create(
      input: CreateWebhook,
      maker: { keyId: string; sessions?: readonly string[] | undefined; places: FeedPlace },
    ): Promise<{ webhook: Webhook; secret: string }> {
      const _id = createToken(12)
      const { secret, sealed } = seal(_id)
      const { after: _after, ...asked } = input
      const now = new Date()
      const webhook: Webhook = {
        _id,
        ...asked,
        ...(maker.sessions ? { sessions: [...maker.sessions] } : {}),
        keyId: maker.keyId,
        enabled: true,
        secrets: [{ sealed }],
        revision: 1,
        createdAt: now,
        updatedAt: now,
        owner: null,
        epoch: 0,
        expiresAt: new Date(0),
        places: maker.places,
      }
      await webhooks.insertOne(webhook)
      return { webhook, secret }
    },

    async read(id: string): Promise<WebhookRow | null> {
      return webhooks.findOne({ _id: id }, { projection: forPage })
    },

    /** Newest first. */
    async page(limit: number, cursor: string | undefined): Promise<Page<WebhookRow>> {
      const filter: Filter<Webhook> = {}
      if (cursor !== undefined) {
        const [at, id] = parseCursor('webhooks', cursor, ['date', 'string']) as [Date, string]
        filter.$or = [{ createdAt: { $lt: at } }, { createdAt: at, _id: { $gt: id } }]
      }
      const rows = await webhooks
        .find(filter, { projection: forPage })
        .sort({ createdAt: -1, _id: 1 })
        .limit(limit + 1)
        .toArray()
      const data = rows.slice(0, limit)
      const last = data.at(-1)
      return {
        data,
        nextCursor: rows.length > limit && last ? formatCursor('webhooks', [last.createdAt, last._id]) : null,
      }
    },

    /** `null` when there is no such webhook. Switched on, it begins without a past of failures. */
    async patch(id: string, { enabled, ...asked }: Patch): Promise<WebhookRow | null> {
      const now = new Date()
      const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
      const off = { reason: 'by_request' as const, at: now }
      return webhooks.findOneAndUpdate(
        { _id: id },
        {
          $set: {
            ...given,
            updatedAt: now,
            ...(enabled === undefined ? {} : { enabled }),
            ...(enabled === false ? { disabled: off } : {}),
          },
          $inc: { revision: 1 },
          ...(enabled === true ? { $unset: { disabled: '' as const, failingSince: '' as const } } : {}),
        },
        { returnDocument: 'after', projection: forPage },
      )
    },

    /** A new secret, shown once; those before it sign as well until `overlapMs` from now, or their own earlier end. */
    async rotateSecret(id: string, overlapMs: number): Promise<{ secret: string; previousValidUntil: Date } | null> {
      const { secret, sealed } = seal(id)
      const now = Date.now()
      const validUntil = new Date(now + overlapMs)
      for (;;) {
        const standing = await webhooks.findOne({ _id: id }, { projection: { secrets: 1, revision: 1 } })
        if (!standing) return null
        const kept = standing.secrets
          .map((one): SealedSecret => ({
            sealed: one.sealed,
            validUntil: one.validUntil && one.validUntil < validUntil ? one.validUntil : validUntil,
          }))
          .filter((one) => one.validUntil !== undefined && one.validUntil.getTime() > now)
        const { matchedCount } = await webhooks.updateOne(
          { _id: id, revision: standing.revision },
          {
            $set: { secrets: [{ sealed }, ...kept].slice(0, longestSecrets), updatedAt: new Date(now) },
            $inc: { revision: 1 },
          },
        )
        if (matchedCount === 1) return { secret, previousValidUntil: validUntil }
      }
    },

    /** The secrets to sign with, newest first. */
    secretsOf(webhook: Pick<Webhook, '_id' | 'secrets'>, now: Date): string[] {
      return webhook.secrets
        .filter(({ validUntil }) => validUntil === undefined || validUntil > now)
        .map(({ sealed }) => Buffer.from(cipher.open(toBytes(sealed), placeOf(webhook._id))).toString())
    },

    /** Tells whoever works on it that there is something to look at. */
    async wake(id: string): Promise<void> {
      await webhooks.updateOne({ _id: id }, { $inc: { revision: 1 } })
    },

    async remove(id: string): Promise<boolean> {
      return (await webhooks.deleteOne({ _id: id })).deletedCount === 1
    },

    /** Ids of webhooks that are on and that nobody works on, longest free first. */
    async free(limit: number): Promise<string[]> {
      const hello = await db.command({ hello: 1 })
      const rows = await webhooks
        .find({ enabled: true, expiresAt: { $lte: hello['localTime'] as Date } }, { projection: { _id: 1 } })
        .sort({ expiresAt: 1 })
        .limit(limit)
        .toArray()
      return rows.map((row) => row._id)
    },

    /** One atomic update: free or expired by the server's clock, or `null`. */
    async claim(id: string, owner: string, ttlMs: number): Promise<Webhook | null> {
      return webhooks.findOneAndUpdate(
        { _id: id, enabled: true, $expr: { $lte: ['$expiresAt', '$$NOW'] } },
        [{ $set: { owner, epoch: { $add: ['$epoch', 1] }, expiresAt: { $add: ['$$NOW', ttlMs] } } }],
        { returnDocument: 'after' },
      )
    },

    /** What `owner` of this epoch works on, as it is asked now; `null` when it is another's, gone or switched off. */
    async readHeld(id: string, owner: string, epoch: number): Promise<Webhook | null> {
      const webhook = await webhooks.findOne({ _id: id })
      return webhook?.enabled === true && webhook.owner === owner && webhook.epoch === epoch ? webhook : null
    },

    /** Prolongs everything `owner` still holds and returns it: id → epoch. What is missing was taken. */
    async renew(owner: string, ttlMs: number): Promise<Map<string, number>> {
      await webhooks.updateMany({ owner }, [{ $set: { expiresAt: { $add: ['$$NOW', ttlMs] } } }])
      const held = await webhooks.find({ owner }, { projection: { epoch: 1 } }).toArray()
      return new Map(held.map((webhook) => [webhook._id, webhook.epoch]))
    },

    /** Gives it back at once; no-op when it is no longer ours. */
    async release(id: string, owner: string, epoch: number): Promise<void> {
      await webhooks.updateOne({ _id: id, owner, epoch }, { $set: { owner: null, expiresAt: new Date(0) } })
    },

    /** Moves the place of the streams given, never back. `lost` when a later worker has taken over. */
    async moveTo(id: string, epoch: number, places: ReadonlyMap<string, number>): Promise<'moved' | 'lost'> {
      if (places.size === 0) return 'moved'
      const $max = Object.fromEntries([...places].map(([stream, seq]) => [`places.${stream}`, seq]))
      const { matchedCount } = await webhooks.updateOne({ _id: id, epoch }, { $max })
      return matchedCount === 1 ? 'moved' : 'lost'
    },

    /** The first failure after a success, or the first success after one. Answers since when it fails. */
    async markFailing(id: string, epoch: number, isFailing: boolean): Promise<Date | undefined> {
      if (isFailing)
        await webhooks.updateOne({ _id: id, epoch, failingSince: { $exists: false } }, [
          { $set: { failingSince: '$$NOW' } },
        ])
      else await webhooks.updateOne({ _id: id, epoch }, { $unset: { failingSince: '' } })
      const row = await webhooks.findOne({ _id: id }, { projection: { failingSince: 1 } })
      return row?.failingSince
    },

    /** Switches it off. `changed` when it was asked for anew meanwhile, or another works on it. */
    async disable(
      id: string,
      held: { epoch: number; revision: number },
      reason: DisabledReason,
    ): Promise<'disabled' | 'changed'> {
      const now = new Date()
      const { matchedCount } = await webhooks.updateOne(
        { _id: id, epoch: held.epoch, revision: held.revision, enabled: true },
        { $set: { enabled: false, disabled: { reason, at: now }, updatedAt: now }, $inc: { revision: 1 } },
      )
      return matchedCount === 1 ? 'disabled' : 'changed'
    },
  }
}

const placeOf = (id: string) => `webhooks/${id}`

/** The driver gives sealed bytes back as they are, or wrapped. */
function toBytes(value: Uint8Array): Uint8Array {
  return value instanceof Uint8Array ? value : (value as { buffer: Uint8Array }).buffer
}
