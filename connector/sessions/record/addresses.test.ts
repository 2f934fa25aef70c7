import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import { createAddresses } from './addresses.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

test('a chat that is met by two forms of its address at once is one chat, under one id', async () => {
  const { store } = opened
  const addresses = createAddresses(store, 's')
  for (let i = 0; i < 20; i += 1) {
    const [lid, pn] = [`20${i}@lid`, `1555000${i}@s.whatsapp.net`] as const
    const ids = await Promise.all([
      addresses.chatIdOf([pn], new Date()),
      addresses.chatIdOf([lid, pn], new Date()),
      addresses.chatIdOf([pn, lid], new Date()),
    ])
    expect(new Set(ids).size, ids.join()).toBe(1)
  }
})
