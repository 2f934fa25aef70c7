// What a webhook's requests are signed with, and until when.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MongoClient } from 'mongodb'
import type { Webhook } from '../model/webhook.ts'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'

let opened: TestStore
let client: MongoClient
beforeAll(async () => {
  opened = await openTestStore()
  client = await MongoClient.connect(opened.uri)
})
afterAll(async () => {
  await client.close()
  await opened.close()
})

test('a secret that was replaced signs until its end and not a moment longer, in whoever’s hands the webhook is', async () => {
  const { webhooks } = opened.store
  const asked = { url: 'https://example.com/in', streams: ['*'], types: ['*'], order: 'parallel' as const }
  const { webhook, secret } = await webhooks.create(asked, { keyId: 'k', places: {} })
  const second = await webhooks.rotateSecret(webhook._id, 60_000)
  const third = await webhooks.rotateSecret(webhook._id, 120_000)
  const end = second?.previousValidUntil.getTime() ?? 0
  const laterEnd = third?.previousValidUntil.getTime() ?? 0
  // As a worker holds it: claimed once, signed with for hours.
  const held = await client.db(opened.dbName).collection<Webhook>('webhooks').findOne({ _id: webhook._id })
  const at = (ms: number) => held && webhooks.secretsOf(held, new Date(ms))
  expect(at(end - 1)).toEqual([third?.secret, second?.secret, secret])
  expect(at(end), 'the first ends when the first rotation said').toEqual([third?.secret, second?.secret])
  expect(at(laterEnd - 1)).toEqual([third?.secret, second?.secret])
  expect(at(laterEnd)).toEqual([third?.secret])
})
