import './one-async-storage.ts'
import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { addTransactionCapability } from '@whiskeysockets/baileys'
import { pino } from 'pino'

test('each storage keeps its own value through awaits, nested and side by side', async () => {
  const [a, b] = [new AsyncLocalStorage<string>(), new AsyncLocalStorage<string>()]
  const seen = await Promise.all(
    ['1', '2', '3'].map((n) =>
      a.run(`a${n}`, async () => {
        await Promise.resolve()
        return b.run(`b${n}`, async () => {
          await new Promise((resolve) => setImmediate(resolve))
          const inner = a.exit(() => [a.getStore(), b.getStore()])
          return [a.getStore(), b.getStore(), ...inner]
        })
      }),
    ),
  )
  expect(seen).toEqual(['1', '2', '3'].map((n) => [`a${n}`, `b${n}`, undefined, `b${n}`]))
  expect([a.getStore(), b.getStore()]).toEqual([undefined, undefined])
})

test('a hundred of Baileys’ key stores add nothing to what a promise costs', async () => {
  const store = { get: () => ({}), set: () => undefined }
  const open = () =>
    addTransactionCapability(store, pino({ level: 'silent' }), { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
  const keyed = Array.from({ length: 100 }, open)
  const inside = await Promise.all(
    keyed.map((keys, i) => keys.transaction(() => Promise.resolve(keys.isInTransaction()), `${i}`)),
  )
  expect(inside.every(Boolean)).toBe(true)
  // Every storage that Node itself knows leaves a property of its own on each new resource.
  const resources: object[] = []
  const hook = createHook({
    init: (_id, type, _trigger, resource) => void (type === 'Timeout' && resources.push(resource)),
  })
  hook.enable()
  await keyed[0]?.transaction(async () => {
    await new Promise((resolve) => setTimeout(resolve, 0)) // waits: a timer is the resource that is looked at
  }, 'x')
  hook.disable()
  const kept = Object.getOwnPropertySymbols(resources[0] ?? {}).filter((symbol) =>
    String(symbol).includes('kResourceStore'),
  )
  expect(resources.length).toBeGreaterThan(0)
  expect(kept.length).toBeLessThanOrEqual(1)
})
