// The repository that does not lose, against a stock Baileys endpoint and the real key log.
import '../silence-libsignal.ts'
import '../unshared-signal-queue.ts'
import { encodeWAMessage, type SignalRepositoryWithLIDStore } from '@whiskeysockets/baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import { LeaseLost, type AuthLogStore } from '../../../shared/store/auth-log.ts'
import {
  beginSession,
  bundleOf,
  createPeer,
  openOurs,
  ourJid,
  peerJid,
  receive,
  reconnect,
  seal,
  tell,
  textOf,
  type Ours,
  type Peer,
} from '../testing/sides.ts'
import { unpackEncoded } from './mutations.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

/** The real log behind a door: shut, every append waits in front of it. */
function behindDoor(store: AuthLogStore) {
  let open: () => void = () => undefined
  let door: Promise<void> | undefined
  let arrived: () => void = () => undefined
  const bodies: Uint8Array[] = []
  return {
    bodies,
    shut(): Promise<void> {
      door = new Promise((resolve) => (open = resolve))
      return new Promise((resolve) => (arrived = resolve))
    },
    open() {
      door = undefined
      open()
    },
    store: {
      ...store,
      append: async (...row: Parameters<AuthLogStore['append']>) => {
        arrived()
        await door
        await store.append(...row)
        bodies.push(row[4])
      },
    } satisfies AuthLogStore,
  }
}

/** libsignal's order goes by milliseconds. */
async function laterThanNow(): Promise<void> {
  for (const now = Date.now(); Date.now() <= now;) await new Promise((resolve) => setImmediate(resolve))
}

let sessions = 0
async function openPair(store: AuthLogStore = opened.store.auth): Promise<{ id: string; ours: Ours; peer: Peer }> {
  const id = `pair-${(sessions += 1)}`
  const ours = await openOurs(store, id, 1)
  const peer = createPeer()
  await beginSession(peer.repository, ourJid, { creds: ours.keyStore.creds, keys: ours.keyStore.keys })
  return { id, ours, peer }
}

/** Whether it has settled by the time everything that is not waiting for the log has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const mark = () => void (settled = true)
  promise.then(mark, mark)
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  return settled
}

test('a plaintext is handed out only when ratchet, stanza and plaintext stand in ONE row of the log', async () => {
  const door = behindDoor(opened.store.auth)
  const { ours, peer } = await openPair(door.store)
  const sealed = await seal(peer, 'hello', 'M1')
  await ours.keyStore.log.durable()
  door.bodies.length = 0
  const arrived = door.shut()
  const received = receive(ours, sealed)
  await arrived
  expect(await isSettled(received), 'it waits for the log').toBe(false)
  door.open()
  expect(await received).toBe('hello')
  const rows = door.bodies.map((body) => [...new Set([...unpackEncoded(body).values()].map((entry) => entry.type))])
  const together = rows.filter((types) => types.includes('session') || types.includes('journal'))
  expect(together).toHaveLength(1)
  expect(together[0]).toEqual(expect.arrayContaining(['session', 'journal']))
})

test('a ciphertext is handed out only when its ratchet is durable', async () => {
  const door = behindDoor(opened.store.auth)
  const { ours, peer } = await openPair(door.store)
  await receive(ours, await seal(peer, 'hello', 'M1'))
  const arrived = door.shut()
  const encrypted = ours.repository.encryptMessage({ jid: peerJid, data: encodeWAMessage({ conversation: 'out' }) })
  await arrived
  expect(await isSettled(encrypted)).toBe(false)
  door.open()
  const { type, ciphertext } = await encrypted
  expect(textOf(await peer.repository.decryptMessage({ jid: ourJid, type, ciphertext }))).toBe('out')
})

test('an owner that died after encrypting never uses the same message key again', async () => {
  const { id, ours, peer } = await openPair()
  await receive(ours, await seal(peer, 'hello', 'M1'))
  const lost = await ours.repository.encryptMessage({ jid: peerJid, data: encodeWAMessage({ conversation: 'died' }) })
  const next = await openOurs(opened.store.auth, id, 2)
  expect(await tell(next, peer, 'another text')).toBe('another text')
  expect(textOf(await peer.repository.decryptMessage({ jid: ourJid, ...lost }))).toBe('died')
})

test('a stanza that comes again is answered from the journal, by this owner and by the next, and no ratchet moves', async () => {
  const { id, ours, peer } = await openPair()
  const sealed = await seal(peer, 'once', 'M1')
  expect(await receive(ours, sealed)).toBe('once')
  expect(await receive(ours, sealed)).toBe('once')
  const next = await openOurs(opened.store.auth, id, 2)
  expect(await receive(next, sealed)).toBe('once')
  expect(await receive(next, await seal(peer, 'and on', 'M2'))).toBe('and on')
})

test('once its consequence is stored, a stanza that comes again is refused without a retry, also after a restart', async () => {
  const { id, ours, peer } = await openPair()
  const sealed = await seal(peer, 'once', 'M1')
  await receive(ours, sealed)
  ours.journal.finish(`${peerJid}|0||M1`)
  // rc14 answers exactly this text with nack 487 and no retry receipt.
  await expect(receive(ours, sealed)).rejects.toThrow('Key used already or never filled')
  await ours.keyStore.log.durable()
  const next = await openOurs(opened.store.auth, id, 2)
  await expect(receive(next, sealed)).rejects.toThrow('Key used already or never filled')
  expect(next.journal.pendingCount()).toBe(0)
})

test('a group message that comes again when it is done is refused as used, and asks for no retry either', async () => {
  const { ours, peer } = await openPair()
  const group = '120363000000000001@g.us'
  const data = encodeWAMessage({ conversation: 'to all' })
  const sent = await peer.repository.encryptGroupMessage({ group, meId: peerJid, data })
  await ours.repository.processSenderKeyDistributionMessage({
    item: { groupId: group, axolotlSenderKeyDistributionMessage: sent.senderKeyDistributionMessage },
    authorJid: peerJid,
  })
  const msg = sent.ciphertext
  const stanza = {
    tag: 'message',
    attrs: { id: 'G1', from: group, participant: peerJid, type: 'text', t: '1700000000' },
    content: [{ tag: 'enc', attrs: { v: '2', type: 'skmsg' }, content: msg }],
  }
  const receiveInGroup = async () => {
    ours.safe.noteStanza(stanza)
    return textOf(await ours.repository.decryptGroupMessage({ group, authorJid: peerJid, msg }))
  }
  expect(await receiveInGroup()).toBe('to all')
  expect(await receiveInGroup()).toBe('to all')
  ours.journal.finish(`${group}|0|${peerJid}|G1`)
  await expect(receiveInGroup()).rejects.toThrow('Key used already or never filled')
})

test('a wrong guess spoils no session: what is sent on it afterwards is still readable', async () => {
  const { ours, peer } = await openPair()
  await receive(ours, await seal(peer, 'first', 'M1'))
  await tell(ours, peer, 'answer')
  const early = await seal(peer, 'on the old session', 'M2')
  // A second session, as rc14 makes one when it asks for the bundle again; both sides have used it.
  await beginSession(ours.repository, peerJid, { creds: peer.creds, keys: peer.keys })
  expect(await tell(ours, peer, 'on the new session')).toBe('on the new session')
  expect(await receive(ours, await seal(peer, 'answered on the new one', 'M3'))).toBe('answered on the new one')
  expect(await receive(ours, early)).toBe('on the old session')
  expect(ours.safe.undoneGuesses(), 'libsignal did guess wrong').toBeGreaterThan(0)
  expect(await tell(ours, peer, 'still readable')).toBe('still readable')
})

test('a contact of two sessions: while one waits for its database, the ratchets of the other stay whole', async () => {
  let answer: () => void = () => undefined
  const answered = new Promise<void>((resolve) => (answer = resolve))
  let asked: () => void = () => undefined
  const isAsked = new Promise<void>((resolve) => (asked = resolve))
  const slow = await openPair({
    ...opened.store.auth,
    readKeys: async (...which) => {
      asked()
      await answered
      return opened.store.auth.readKeys(...which)
    },
  })
  await slow.ours.keyStore.log.durable()
  await slow.ours.keyStore.fold() // from here on its prekeys are read from the database

  const { ours, peer } = await openPair()
  // The first messages of both sides have crossed, so that there are two sessions and libsignal has to guess.
  await beginSession(ours.repository, peerJid, { creds: peer.creds, keys: peer.keys })
  const crossing = await ours.repository.encryptMessage({
    jid: peerJid,
    data: encodeWAMessage({ conversation: 'ours' }),
  })
  await laterThanNow()
  await receive(ours, await seal(peer, 'theirs', 'M1'))
  await peer.repository.decryptMessage({ jid: ourJid, ...crossing })

  const waiting = receive(slow.ours, await seal(slow.peer, 'first', 'M1'))
  await isAsked
  const beside = receive(ours, await seal(peer, 'beside it', 'M2'))
  await isSettled(beside)
  answer()
  expect(await Promise.all([beside, waiting])).toEqual(['beside it', 'first'])
  expect(ours.safe.undoneGuesses(), 'libsignal did guess wrong').toBe(1)
  expect(await tell(ours, peer, 'still readable')).toBe('still readable')
})

test('texts both ways at once, over a log that is slow: every one is readable, whatever interleaves', async () => {
  const slow: AuthLogStore = {
    ...opened.store.auth,
    append: async (...row) => {
      for (let turn = 0; turn < row[1] % 7; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      return opened.store.auth.append(...row)
    },
  }
  const { ours, peer } = await openPair(slow)
  await receive(ours, await seal(peer, 'hello', 'M0'))
  await tell(ours, peer, 'hello')
  const failures: unknown[] = []
  const count = 40
  const incoming = (async () => {
    for (let i = 1; i <= count; i += 1) {
      const text = `in ${i}`
      const got = await receive(ours, await seal(peer, text, `M${i}`)).catch((error: unknown) => failures.push(error))
      if (got !== text) failures.push([text, got])
    }
  })()
  const outgoing = Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const got = await tell(ours, peer, `out ${i}`).catch((error: unknown) => failures.push(error))
      if (got !== `out ${i}`) failures.push([i, got])
    }),
  )
  await Promise.all([incoming, outgoing])
  expect(failures).toEqual([])
})

test('after its close a connection decrypts nothing and moves no ratchet; the next one reads the same stanza', async () => {
  const { ours, peer } = await openPair()
  const sealed = await seal(peer, 'in the backlog', 'M1')
  ours.safe.close()
  await expect(receive(ours, sealed)).rejects.toThrow('closed')
  expect(ours.journal.pendingCount()).toBe(0)
  expect(await receive(reconnect(ours), sealed)).toBe('in the backlog')
})

test('a decryption under way while the connection closes is not handed out, and the next connection reads it', async () => {
  const { ours, peer } = await openPair()
  const sealed = await seal(peer, 'cut', 'M1')
  ours.safe.noteStanza(sealed.node)
  const { type, ciphertext } = sealed
  const inFlight = ours.repository.decryptMessage({ jid: peerJid, type, ciphertext })
  ours.safe.close()
  await expect(inFlight).rejects.toThrow()
  expect(await receive(reconnect(ours), sealed)).toBe('cut')
})

test('a lost lease: the socket is told to close before anything that waited is rejected', async () => {
  const id = `pair-${(sessions += 1)}`
  const told: string[] = []
  const ours = await openOurs(opened.store.auth, id, 1, () => told.push('close the socket'))
  const peer = createPeer()
  await beginSession(peer.repository, ourJid, { creds: ours.keyStore.creds, keys: ours.keyStore.keys })
  await receive(ours, await seal(peer, 'hello', 'M1'))
  await opened.store.auth.fence(id, 2, 'other')
  const late = receive(ours, await seal(peer, 'late', 'M2')).catch((error: unknown) => {
    told.push('rejected')
    return error
  })
  expect(await late).toBeInstanceOf(LeaseLost)
  expect(told).toEqual(['close the socket', 'rejected'])
  await expect(receive(ours, await seal(peer, 'later', 'M3'))).rejects.toThrow()
})

test('a read is answered from memory, with the newest value, while a write waits for the database', async () => {
  const door = behindDoor(opened.store.auth)
  const { ours } = await openPair(door.store)
  await ours.keyStore.log.durable()
  const arrived = door.shut()
  const written = Promise.resolve(ours.keyStore.keys.set({ 'lid-mapping': { '1555': 'lid1' } }))
  await arrived
  const reading = Promise.resolve(ours.keyStore.keys.get('lid-mapping', ['1555']))
  expect(await isSettled(reading)).toBe(true)
  expect(await reading).toEqual({ '1555': 'lid1' })
  expect(await isSettled(written), 'the write itself waits').toBe(false)
  door.open()
  await written
})

test('reads that keep the order of messages resolve without leaving the turn of the event loop', async () => {
  const { ours } = await openPair()
  const repository: SignalRepositoryWithLIDStore = ours.repository
  await ours.keyStore.keys.set({ 'lid-mapping': { '15550000002': '99', '99_reverse': '15550000002' } })
  const told: string[] = []
  const first = repository.lidMapping.getPNForLID('99@lid').then(() => told.push('mapping'))
  const turn = new Promise((resolve) => setImmediate(resolve)).then(() => told.push('next turn'))
  await Promise.all([first, turn])
  expect(told).toEqual(['mapping', 'next turn'])
})

test('a bundle can be handed out many times; the prekey of each is used once', async () => {
  const { ours, peer } = await openPair()
  await receive(ours, await seal(peer, 'one', 'M1'))
  const bundle = await bundleOf({ creds: ours.keyStore.creds, keys: ours.keyStore.keys })
  await peer.repository.injectE2ESession({ jid: ourJid, session: bundle })
  expect(await receive(ours, await seal(peer, 'two', 'M2'))).toBe('two')
  expect(await ours.keyStore.keys.get('pre-key', [String(bundle.preKey.keyId)])).toEqual({})
})
