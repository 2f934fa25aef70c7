// A change made on the phone is not lost when the connector ends between reading it and storing it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'
import { openConnection } from '../whatsapp/connection.ts'
import type { FactDelivery } from '../whatsapp/facts.ts'
import { createJournal } from '../whatsapp/keys/journal.ts'
import { openKeyStore } from '../whatsapp/keys/open-key-store.ts'
import { createRetryCaches } from '../whatsapp/retry-caches.ts'

let world: World
let ana: Phone
let beto: Phone
let url: string
beforeAll(async () => {
  world = await openWorld()
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  url = String((await world.door('GET', '/'))['wsUrl'])
  const connector = await world.startConnector()
  await world.link('s', ana)
  // The first sync of a new link is Baileys' own affair: it is over when a chat that is there changes.
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text: 'hello' })
  await world.untilEvent('message.received')
  await world.door('POST', `/phones/${ana.phone}/app-state`, { chat: beto.phone, pin: true })
  await world.untilEvent('chat.updated', (event) => event.data['isPinned'] === true)
  await connector.stop()
})
afterAll(() => world.close())

/** The next owner of the session, with what stands in the database and nothing else. */
async function open(epoch: number, onFact: (delivery: FactDelivery) => void) {
  const keyStore = await openKeyStore({ store: world.store.auth, sessionId: 's', epoch, onLost: () => undefined })
  const me = { id: keyStore.creds.me?.id ?? '', lid: keyStore.creds.me?.lid ?? '' }
  let opened: () => void = () => undefined
  const isOpen = new Promise<void>((resolve) => (opened = resolve))
  const connection = openConnection({
    url,
    keyStore,
    journal: createJournal(keyStore.memory, () => me),
    settings: {},
    retryCaches: createRetryCaches(),
    log: { debug: () => undefined, trace: () => undefined, warn: () => undefined },
    onFact,
    onState: (state) => state.kind === 'open' && opened(),
    readOwn: () => Promise.resolve(undefined),
  })
  await isOpen
  return { connection, keyStore }
}

const archives = ({ fact }: FactDelivery) =>
  fact.kind === 'chats' && fact.chats.some(({ archived }) => archived === true)
const stars = ({ fact }: FactDelivery) => fact.kind === 'account' && fact.what.change === 'star'

test('what was read and not stored is told again by the next owner; what is stored is not', async () => {
  const owners: (() => Promise<void>)[] = []
  async function told(epoch: number, isStored: boolean, change?: () => Promise<unknown>) {
    const kinds: string[] = []
    let end: () => void = () => undefined
    const all = new Promise<void>((resolve) => (end = resolve))
    const { connection, keyStore } = await open(epoch, (delivery) => {
      if (archives(delivery)) kinds.push('archive')
      if (stars(delivery)) kinds.push('star')
      if (isStored) delivery.stored()
      if (delivery.fact.kind === 'mark' && kinds.includes('archive') && kinds.includes('star')) end()
    })
    await change?.()
    await all
    await connection.end('test')
    // One that is killed puts nothing in order behind itself.
    if (isStored) await keyStore.close()
    else owners.push(() => keyStore.close())
    return kinds.toSorted()
  }
  const first = await told(1_001, false, async () => {
    await world.door('POST', `/phones/${ana.phone}/app-state`, { chat: beto.phone, archive: true })
    await world.door('POST', `/phones/${ana.phone}/app-state`, {
      chat: beto.phone,
      star: { messageId: 'M1', fromMe: false, starred: true },
    })
  })
  expect(first).toEqual(['archive', 'star'])
  expect(await told(1_002, true), 'nothing changed on the phone meanwhile').toEqual(['archive', 'star'])
  for (const close of owners) await close()
  const third = await open(1_003, () => undefined)
  expect([...third.keyStore.memory.entries('app-state-unfinished')]).toEqual([])
  await third.connection.end('test')
  await third.keyStore.close()
})
