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

const [lid, phone] = ['77@lid', '15550001@s.whatsapp.net'] as const

test('two chats that could not become one are two, and become one when they are asked for again', async () => {
  const { store } = opened
  let fails = true
  const chats = {
    ...store.chats,
    resolveOrCreate: (...[sessionId, jids, at, onMerge]: Parameters<typeof store.chats.resolveOrCreate>) =>
      store.chats.resolveOrCreate(sessionId, jids, at, async (keep, other) => {
        await onMerge?.(keep, other)
        if (fails) throw new Error('the database went away')
      }),
  }
  const addresses = createAddresses({ ...store, chats }, 'fails')
  await addresses.chatIdOf([lid], new Date(1_000))
  await addresses.chatIdOf([phone], new Date())
  await expect(addresses.chatIdOf([phone, lid], new Date())).rejects.toThrow('went away')
  expect(await addresses.movedTo(phone)).toBeUndefined()
  expect(await addresses.knownChatId([phone]), 'what is written goes where it is').toBe(phone)
  fails = false
  expect(await addresses.chatIdOf([phone, lid], new Date())).toBe(lid)
  expect(await addresses.movedTo(phone)).toBe(lid)
  expect((await store.chats.page('fails', { limit: 10 })).data).toHaveLength(1)
})

test('while two chats become one, whoever asks for them waits until every message has moved; nobody else does', async () => {
  const { store } = opened
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  let isTold = () => {}
  const told = new Promise<void>((resolve) => (isTold = resolve))
  const addresses = createAddresses(store, 'waits', () => {
    isTold()
    return held
  })
  await addresses.chatIdOf([lid], new Date(1_000))
  await addresses.chatIdOf([phone], new Date())
  await addresses.chatIdOf(['other@lid'], new Date())
  const merging = addresses.chatIdOf([phone, lid], new Date())
  await told
  const order: string[] = []
  const asked = [
    addresses.knownChatId([phone]).then((id) => order.push(`known ${id}`)),
    addresses.chatIdOf([lid], new Date()).then((id) => order.push(`id ${id}`)),
  ]
  expect(await addresses.knownChatId(['other@lid'])).toBe('other@lid')
  order.push('released')
  release()
  await Promise.all([...asked, merging])
  expect(order[0]).toBe('released')
  expect(order.slice(1).sort()).toEqual([`id ${lid}`, `known ${lid}`])
})
