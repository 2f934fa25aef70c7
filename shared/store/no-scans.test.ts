// long: one exercise for every method of every store
// Every query the product sends is served by an index: no collection scan, no sort in memory, no walk past many rows
// that do not fit. A new store method does not compile here until it is exercised.
import { Binary, MongoClient, Timestamp, type Document } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../scripts/testing/mongo.ts'
import type { Store } from './open-store.ts'

type StoreName = { [S in keyof Store]: Store[S] extends (...args: never[]) => unknown ? never : S }[keyof Store]
type Exercises = { [S in StoreName]: { [M in keyof Store[S]]: (store: Store[S]) => Promise<unknown> } }

const sessionCount = 6
const perSession = 100
/** Rows looked at beyond those returned: the place of a cursor, a page's lookahead, the other half of an `$or`. */
const spareRows = 12

/** What may, and why. */
const allowed: Partial<Record<string, { faults: RegExp; reason: string }>> = {
  'sessions.statistics': { faults: /^COLLSCAN/, reason: 'a figure over every session: one row per phone' },
  'sessions.list': { faults: /^SORT.*"\$in"/, reason: 'a limited key: its sessions are read by id, then sorted' },
  'media.write': { faults: /^COLLSCAN.*"limit":1/, reason: 'GridFS asks first whether there is any file' },
  'batches.cancel': {
    faults: /^34 rows read for 0.*"_id":{"\$in"/,
    reason: 'its own recipients, by id: asked again they are cancelled',
  },
  'apiKeys.anyExists': { faults: /^COLLSCAN.*"limit":1/, reason: 'reads one row, whichever comes first' },
  'apiKeys.createFirst': { faults: /^COLLSCAN.*"limit":1/, reason: 'the same question first' },
}

const note = { type: 'session.updated' as const, data: {} }
const at = new Date(50_000)
const report = { capacity: 1, sessions: 0, rssMb: 1, version: '1', silentAfterMs: 1_000, drain: null }
const asked = { url: 'https://example.com/', streams: ['*'], types: ['*'], order: 'parallel' as const }
const found = (seq: number) => ({ stream: 'a', seq, type: 'chat.updated' as const, at })
const command = (id: string, more: object = {}) => ({
  _id: id,
  sessionId: 's1',
  lane: 'a',
  kind: 'chat.read' as const,
  payload: { chatId: 'a' },
  actor: 'me',
  bodyHash: 'h',
  ...more,
})
const batch = (id: string, count: number) => ({
  _id: id,
  sessionId: 's1',
  actor: 'me',
  bodyHash: 'h',
  commands: Array.from({ length: count }, (_, i) => ({
    ...command(`${id}.${i}`),
    kind: 'message.send' as const,
    payload: { to: 'a', content: { type: 'text' as const, text: 'hi' } },
    messageId: `${id}${i}`,
  })),
})
const message = (id: string) => ({
  _id: `s1/c1/me/${id}`,
  sessionId: 's1',
  chatId: 'c1',
  messageId: id,
  sender: 'me',
  fromMe: true,
  type: 'text',
  text: id,
  timestamp: at,
  statusTimes: {},
  reactions: [],
  createdAt: at,
})
const group = (sessionId: string, i: number) => ({
  sessionId,
  groupId: `g${i}`,
  subject: `n${i}`,
  description: '',
  announce: false,
  locked: false,
  ephemeralSeconds: 0,
  memberAddMode: 'all_member_add' as const,
  joinApproval: false,
  addressing: 'lid' as const,
  members: [],
  myRole: 'member' as const,
  revision: 0,
})
const channel = (sessionId: string, i: number) => ({
  sessionId,
  channelId: `n${i}`,
  name: `n${i}`,
  description: '',
  isVerified: false,
  role: 'subscriber' as const,
  isMuted: false,
  revision: 0,
})
const bytes = async function* () {
  yield Buffer.from('bytes')
}
const written = { owner: { sessionId: 's5' }, maxBytes: 100 }
const call = {
  sessionId: 's1',
  chatId: 'c1',
  from: 'c1',
  isVideo: false,
  isGroup: false,
  state: 'ringing' as const,
  offeredAt: at,
}
/** The first page and the one after it. */
const pages = async (read: (cursor?: string) => Promise<{ nextCursor: string | null }>) => {
  const { nextCursor } = await read()
  expect(nextCursor).not.toBeNull()
  await read(nextCursor ?? undefined)
}

const exercises: Exercises = {
  sessions: {
    create: (store) => store.create('new', {}),
    read: (store) => store.read('s1'),
    wantedOf: (store) => store.wantedOf('s1'),
    statistics: async (store) => [await store.statistics(undefined), await store.statistics(['s1', 's2'])],
    list: async (store) => {
      await pages((cursor) => store.list(2, cursor, undefined))
      await pages((cursor) => store.list(2, cursor, ['s1', 's2', 's3', 's4']))
    },
    markMoved: (store) => store.markMoved('s1'),
    ofPhone: (store) => store.ofPhone('5491'),
    want: (store) => store.want('s1', 'linked'),
    requestPairing: (store) => store.requestPairing('s1', '5491155550000'),
    patch: (store) => store.patch('s1', { name: 'n' }),
    rename: (store) => store.rename('s1', 'someone'),
    update: (store) => store.update('s1', { status: 'connected' }),
    count: (store) => store.count('s1', { sent: 1 }),
    wantedIds: (store) => store.wantedIds(['linked', 'stopped']),
    ids: (store) => store.ids(),
    remove: (store) => store.remove('s5'),
  },
  leases: {
    create: (store) => store.create('new'),
    claim: (store) => store.claim('s1', 'me', 1000),
    renew: (store) => store.renew('me', 1000),
    release: (store) => store.release('s1', 'me', 1),
    free: (store) => store.free(5),
    countHeld: (store) => store.countHeld(['o3', 'o4']),
    read: (store) => store.read('s1'),
    remove: (store) => store.remove('s5'),
  },
  connectors: {
    report: (store) => store.report('c', report),
    wishDrain: (store) => store.wishDrain('s1-1', true),
    read: (store) => store.read('s1-1'),
    page: (store) => pages((cursor) => store.page(5, cursor)),
    awake: (store) => store.awake(),
    remove: (store) => store.remove('s5-1'),
  },
  auth: {
    readAll: (store) => store.readAll('s1'),
    plant: (store) => store.plant('s9', { creds: '{}', keys: [{ type: 'session', id: 'a', json: '{}' }] }),
    uproot: (store) => store.uproot('s9'),
    fence: (store) => store.fence('s1', 1, 'f'),
    load: (store) => store.load('s1', 5, ['pre-key']),
    readKeys: (store) => store.readKeys('s1', 'pre-key', ['1', '2']),
    append: async (store) => {
      const n = await store.fence('s1', 1, 'g')
      await store.append('s1', n, 1, 'c', Buffer.from('x'))
      await store.append('s1', n, 1, 'c', Buffer.from('x'))
    },
    fold: (store) =>
      store.fold('s1', 1, {
        upTo: 1,
        puts: [{ type: 'session', id: 'x', body: Buffer.from('x') }],
        deletes: [{ type: 'session', id: 'y' }],
      }),
    wipe: (store) => store.wipe('s1', 1, 1),
  },
  chats: {
    resolve: (store) => store.resolve('s1', ['c1', 'c2']),
    resolveOrCreate: (store) => store.resolveOrCreate('s1', ['c1', 'alias'], at),
    among: (store) => store.among('s1', ['c1', 'c2', 'none']),
    gather: (store) => store.gather('s1', 'gone', 'c1'),
    resolveAll: (store) => store.resolveAll('s1', ['c1', 'c2']),
    touch: (store) => store.touch('s1', 'c1', { unread: 1, heard: true }),
    describe: (store) => store.describe('s1', 'c1', { name: 'n' }),
    label: async (store) => [await store.label('s1', 'c1', '1', true), await store.label('s1', 'c1', '1', false)],
    unlabel: (store) => store.unlabel('s1', '9', 5, () => Promise.resolve()),
    clear: (store) => store.clear('s1', 'c2', { upTo: at, deleted: true, lastMessage: undefined }),
    page: async (store) => {
      await pages((cursor) => store.page('s1', { limit: 5, cursor }))
      await pages((cursor) => store.page('s1', { limit: 5, cursor, archived: true }))
      await pages((cursor) => store.page('s1', { limit: 5, cursor, unread: true }))
      await pages((cursor) => store.page('s1', { limit: 5, cursor, unread: false }))
      await pages((cursor) => store.page('s1', { limit: 5, cursor, label: '5' }))
      await pages((cursor) => store.page('s1', { limit: 5, cursor, q: 'An' }))
    },
    count: (store) => store.count('s1'),
    countIn: async (store) => [await store.countIn(['s1', 's2']), await store.countIn(undefined)],
    removeAll: (store) => store.removeAll('s5'),
  },
  contacts: {
    resolve: (store) => store.resolve('s1', ['c1', 'c2']),
    upsert: (store) => store.upsert('s1', ['c1', 'c2'], { name: 'joined' }),
    upsertMany: (store) => store.upsertMany('s1', [{ jids: ['c1', 'c2'], name: 'joined' }, { jids: ['c3'] }]),
    among: (store) => store.among('s1', ['c1', 'none']),
    named: (store) => store.named('s1', 5),
    blocked: (store) => store.blocked('s1', 5),
    setBlocked: async (store) => [await store.setBlocked('s1', 'c1', true), await store.setBlocked('s1', 'c1', false)],
    page: (store) => pages((cursor) => store.page('s1', { limit: 5, cursor })),
    removeAll: (store) => store.removeAll('s5'),
  },
  labels: {
    list: (store) => store.list('s1'),
    read: (store) => store.read('s1', '5'),
    among: (store) => store.among('s1', ['5', '6']),
    reserve: (store) => store.reserve('s1', { name: 'n', color: 0 }),
    put: (store) => store.put('s1', '5', { name: 'n', deleted: false }),
    removeAll: (store) => store.removeAll('s5'),
  },
  calls: {
    offer: (store) => store.offer({ ...call, _id: 's1/new', callId: 'new' }),
    end: (store) => store.end('s1', '5', 'missed', at),
    accept: (store) => store.accept('s1', '6'),
    read: (store) => store.read('s1', '5'),
    page: (store) => pages((cursor) => store.page('s1', { limit: 5, cursor })),
    removeAll: (store) => store.removeAll('s5'),
  },
  earlyMarks: {
    keep: (store) => store.keep('s1', 'm1', 'star', {}),
    drop: (store) => store.drop('s1', 'm2', 'star'),
    list: (store) => store.list('s1', 5),
    removeAll: (store) => store.removeAll('s5'),
  },
  groups: {
    read: (store) => store.read('s1', 'g1'),
    put: (store) => store.put(group('s1', 1)),
    told: (store) => store.told('s1', 'g1', 0),
    idsOf: (store) => store.idsOf('s2'),
    page: (store) => pages((cursor) => store.page('s1', { limit: 5, cursor })),
    remove: (store) => store.remove('s1', 'g2'),
    removeAll: (store) => store.removeAll('s5'),
  },
  channels: {
    read: (store) => store.read('s1', 'n1'),
    put: (store) => store.put(channel('s1', 1)),
    told: (store) => store.told('s1', 'n1', 0),
    idsOf: (store) => store.idsOf('s2'),
    page: (store) => pages((cursor) => store.page('s1', { limit: 5, cursor })),
    removeAll: (store) => store.removeAll('s5'),
  },
  messageLabels: {
    label: (store) => store.label('s1/c1/me/m1', '3', true),
    unlabel: (store) => store.unlabel('s1', '6', 5, () => Promise.resolve()),
  },
  posts: {
    find: (store) => store.find('s1', 'c1', '7'),
    among: (store) => store.among('s1', 'c1', ['7', '8']),
    number: (store) => store.number('s1/c1/me/m1', '7'),
    count: (store) => store.count('s1', 'c1', [{ serverId: '7', views: 3, reactions: [] }]),
  },
  messages: {
    insert: (store) => store.insert([message('fresh'), message('fresh')]),
    noteReceipts: (store) => store.noteReceipts([{ key: 's1/c1/me/m1', names: ['l1'], status: 'delivered', at }]),
    replaceUndecryptable: (store) => store.replaceUndecryptable(message('m1')),
    read: (store) => store.read('s1/c1/me/m1'),
    find: async (store) => [await store.find('s1', 'm1'), await store.find('s1', 'm1', 'c1')],
    anyFrom: async (store) => [await store.anyFrom('s1', 'c1', 'me'), await store.anyFrom('s1', 'c1', 'c1')],
    page: async (store) => {
      await pages((cursor) => store.page('s1', 'c1', { limit: 5, cursor }))
      await pages((cursor) => store.page('s1', 'c1', { limit: 5, cursor, before: at, after: new Date(0) }))
    },
    advance: (store) => store.advance('s1/c1/me/m1', 'read', at),
    keepRaw: (store) => store.keepRaw('s1', 'm1', Buffer.from('x')),
    setPreview: (store) => store.setPreview('s1/c1/me/m1', { url: 'https://a.io', title: 'A' }),
    setMedia: (store) => store.setMedia('s1/c1/me/m1', { kind: 'image', state: 'remote', fetchAt: at }),
    oldest: (store) => store.oldest('s1', 'c1'),
    search: (store) =>
      pages((cursor) =>
        store.search('s1', { tokens: ['many', 'some1'], chatId: 'c1', senders: ['me'], limit: 5, cursor }),
      ),
    toFetch: (store) => store.toFetch('s1', 5),
    edit: (store) => store.edit('s1/c1/me/m1', 'x', at),
    revoke: (store) => store.revoke('s1/c1/me/m1', at),
    vote: (store) => store.vote('s1/c1/me/m1', { sender: 'me', options: ['a'], at }),
    respond: (store) => store.respond('s1/c1/me/m1', { sender: 'me', answer: 'maybe', at }),
    react: (store) => store.react('s1/c1/me/m1', { sender: 'me', emoji: '!', at }),
    star: (store) => store.star('s1/c1/me/m1', true),
    pin: (store) => store.pin('s1/c1/me/m1', { by: 'me', at, until: null }),
    removeMany: (store) => store.removeMany(['s4/c1/me/m1']),
    upTo: (store) => store.upTo('s1', 'c1', at, 5),
    removeSome: (store) => store.removeSome('s5', 10),
  },
  media: {
    write: async (store) => [
      await store.write(bytes(), { ...written, fileId: 'new' }),
      await store.write(bytes(), written),
    ],
    read: (store) => store.read('f1'),
    open: async (store) => {
      const { _id } = await store.write(bytes(), written)
      for await (const chunk of store.open(_id, { start: 1, end: 3 })) expect(chunk.length).toBe(2)
    },
    describe: (store) => store.describe('f1', { width: 1, thumbnail: Buffer.from('x') }),
    thumbnailOf: async (store) => store.thumbnailOf((await store.write(bytes(), written)) ?? {}),
    keepUpload: (store) => store.keepUpload('f1', 's1', 'image', Buffer.from('x')),
    uploadOf: async (store) => store.uploadOf(await store.write(bytes(), written), 's1', 'image', 0),
    remove: (store) => store.remove('f1'),
    removeSome: (store) => store.removeSome('s5', 10),
    removeAbandoned: (store) => store.removeAbandoned(new Date(at.getTime() + 5), 10),
  },
  links: {
    sign: async (store) => store.sign('f1', 1),
    verify: async (store) => store.verify('f1', 1, 'x', 0),
  },
  commands: {
    accept: async (store) => {
      await store.accept(command('again'))
      await store.accept(command('again'))
      await store.accept(command('keyed', { idempotencyKey: 'k' }))
      await store.accept(command('keyed-2', { idempotencyKey: 'k' }))
    },
    accepted: (store) => store.accepted(command('keyed', { idempotencyKey: 'k' })),
    countQueued: (store) => store.countQueued('s1', 10),
    left: (store) => store.left('s1', 5, 10),
    waiting: async (store) => [
      await store.waiting('s1', 10),
      await store.waiting('s1', 10, ['b', 'c']),
      await store.waiting('s1', 10, ['b'], ['c', 'd']),
    ],
    waitingLight: (store) => store.waitingLight('s1', 10),
    nextDue: (store) => store.nextDue('s1'),
    take: (store) => store.take('s1/m1', 1),
    finish: (store) => store.finish('s1/m1', 1, 'done'),
    putBack: (store) => store.putBack('s1/m1', 1, { retryAt: at, countsAsAttempt: true, mayBeOut: true }),
    startExpiry: (store) => store.startExpiry('s1/m2', 1),
    refuseAll: (store) => store.refuseAll('s2', { code: 'c', reason: 'r' }),
    cancel: (store) => store.cancel('s1/m0', () => true),
    read: (store) => store.read('s1/m1'),
    ofMessage: (store) => store.ofMessage('s1', 'm1'),
    page: async (store) => {
      await pages((cursor) => store.page('s1', { limit: 5, cursor }))
      await pages((cursor) => store.page('s1', { limit: 5, cursor, state: 'queued' }))
    },
    recent: async (store) => {
      await pages((cursor) => store.recent(undefined, { limit: 5, cursor }))
      await pages((cursor) => store.recent(undefined, { limit: 5, cursor, state: 'queued' }))
      await pages((cursor) => store.recent(['s1', 's2'], { limit: 5, cursor }))
    },
    removeAll: (store) => store.removeAll('s5'),
  },
  batches: {
    accept: async (store) => {
      await store.accept(batch('new', 3))
      await store.accept(batch('new', 3))
    },
    accepted: (store) => store.accepted('s1/1', 'h'),
    read: (store) => store.read('s1/1'),
    counts: (store) => store.counts('s1/b'),
    page: async (store) => {
      await pages((cursor) => store.page('s1/b', { limit: 5, cursor }))
      await pages((cursor) => store.page('s1/b', { limit: 5, cursor, state: 'queued' }))
    },
    settle: (store) => store.settle({ commandId: 's1/m1', state: 'sent' }),
    cancel: (store) => store.cancel('s1/b'),
    standing: (store) => store.standing('s1'),
    settleForgotten: (store) => store.settleForgotten('s1/b'),
    close: (store) => store.close('s1/1'),
    removeAll: (store) => store.removeAll('s5'),
  },
  events: {
    headOf: (store) => store.headOf('s1'),
    headsOf: (store) => store.headsOf(['s1', 's2']),
    appendOnce: async (store) => {
      await store.appendOnce('s1', [{ ...note, key: 'fact' }])
      await store.appendOnce('s1', [note, { ...note, key: 'fact' }])
    },
    openAppender: async (store) => {
      const appender = store.openAppender('s2', 3)
      await appender.fence('me')
      await store.appendOnce('s2', [note])
      await appender.append([note])
      await appender.close()
    },
    read: (store) => store.read('s1', 50, 10),
    byIds: (store) => store.byIds(['s1:1', 's2:7']),
    oldest: (store) => store.oldest('s1'),
    removeAll: (store) => store.removeAll('s5'),
  },
  signals: {
    send: (store) => store.send({ type: 'presence.updated', stream: 's1', data: {} }),
  },
  webhooks: {
    create: (store) => store.create(asked, { keyId: 'k', places: {} }),
    read: (store) => store.read('s1/m1'),
    page: (store) => pages((cursor) => store.page(5, cursor)),
    patch: (store) => store.patch('s1/m1', { name: 'n', enabled: true }),
    rotateSecret: async (store) => {
      const { webhook } = await store.create(asked, { keyId: 'k', places: {} })
      await store.rotateSecret(webhook._id, 1_000)
    },
    secretsOf: async (store) => {
      const { webhook } = await store.create(asked, { keyId: 'k', places: {} })
      return store.secretsOf(webhook, at)
    },
    wake: (store) => store.wake('s1/m1'),
    remove: (store) => store.remove('s5/m9'),
    free: (store) => store.free(5),
    claim: (store) => store.claim('s1/m1', 'me', 1000),
    readHeld: (store) => store.readHeld('s1/m1', 'me', 1),
    renew: (store) => store.renew('me', 1000),
    release: (store) => store.release('s1/m1', 'me', 1),
    moveTo: (store) => store.moveTo('s1/m1', 1, new Map([['s1', 5]])),
    markFailing: async (store) => [
      await store.markFailing('s1/m1', 1, true),
      await store.markFailing('s1/m1', 1, false),
    ],
    disable: (store) => store.disable('s1/m1', { epoch: 1, revision: 1 }, 'gone'),
  },
  deliveries: {
    add: async (store) => {
      await store.add('s1', [found(1_000), found(1_001)], 1)
      await store.add('s1', [found(1_000), found(1_001)], 1)
    },
    addOrdered: async (store) => {
      await store.addOrdered('s1', found(1_002), 1)
      await store.addOrdered('s1', found(1_002), 1)
    },
    addTest: (store) => store.addTest('s1'),
    due: (store) => store.due('s1', 5),
    record: (store) => store.record('s1/a:1', 1, { at, durationMs: 1 }, { state: 'delivered' }),
    requeue: (store) => store.requeue('s2'),
    loosen: (store) => store.loosen('s1', ['s3']),
    read: (store) => store.read('s1', 'a:1'),
    page: async (store) => {
      await pages((cursor) => store.page('s1', { limit: 5, cursor }))
      await pages((cursor) => store.page('s1', { limit: 5, cursor, state: 'failed' }))
    },
    redeliver: (store) => store.redeliver('s1', 'a:2'),
    redeliverRange: async (store) => {
      await store.redeliverRange('s1', { stream: 'a', after: 10, before: 90 }, 5)
      await store.redeliverRange('s1', { after: new Date(20), before: new Date(60) }, 5)
      await store.redeliverRange('s1', { after: new Date(20) }, 5, 'failed')
    },
    removeAll: (store) => store.removeAll('s5'),
  },
  apiKeys: {
    create: (store) => store.create({ name: 'n', scopes: ['*'] }, 'me'),
    ensureAdmin: (store) => store.ensureAdmin('a token of the administrator'),
    anyExists: (store) => store.anyExists(),
    createFirst: (store) => store.createFirst(),
    byToken: (store) => store.byToken('unknown'),
    read: (store) => store.read('s1/m1'),
    page: (store) => pages((cursor) => store.page(5, cursor)),
    revoke: (store) => store.revoke('s1/m1'),
  },
  tickets: {
    issue: (store) => store.issue('key'),
    redeem: (store) => store.redeem('unknown'),
  },
  rateLimits: {
    borrow: (store) => store.borrow('w', 5, 10, new Date(Date.now() + 60_000)),
  },
}

let opened: TestStore
let client: MongoClient
let sent: Document[] = []

beforeAll(async () => {
  opened = await openTestStore({ onCommand: (one) => sent.push(one) })
  client = await MongoClient.connect(opened.uri)
  await fill()
})
afterAll(async () => {
  await client.close()
  await opened.close()
})

/** One row shaped for every collection, and a hundred per session: enough that a scan costs more than an index. */
async function fill(): Promise<void> {
  const db = client.db(opened.dbName)
  const rows = (shape: (session: string, i: number) => Document) =>
    Array.from({ length: sessionCount * perSession }, (_, i) =>
      shape(`s${i % sessionCount}`, Math.floor(i / sessionCount)),
    )
  const states = ['queued', 'sending', 'done', 'failed', 'cancelled', 'expired']
  const filled: Record<string, Document[]> = {
    sessions: Array.from({ length: sessionCount }, (_, i) => ({
      _id: `s${i}`,
      wanted: 'linked',
      createdAt: new Date(i),
      wantedRevision: 1,
    })),
    media: rows((s, i) => ({
      _id: i === 0 ? `f${s.slice(1)}` : `${s}/${i}`,
      sessionId: s,
      createdAt: at,
      ...(i < 3 ? { writingSince: new Date(at.getTime() + i) } : {}),
    })),
    'media.files': rows((s, i) => ({
      _id: `${s}/${i}`,
      length: 5,
      chunkSize: 5,
      filename: `${s}/${i}`,
      uploadDate: at,
    })),
    'media.chunks': rows((s, i) => ({ _id: `${s}/${i}`, files_id: `${s}/${i}`, n: 0, data: Buffer.from('x') })),
    leases: rows((s, i) => ({
      _id: i === 0 ? s : `${s}-${i}`,
      owner: i === 0 ? null : `o${i}`,
      epoch: 0,
      expiresAt: i < 2 ? new Date(0) : new Date(Date.now() + 1e7),
    })),
    connectors: rows((s, i) => ({
      _id: `${s}-${i}`,
      ...report,
      startedAt: at,
      heartbeatAt: new Date(),
      draining: false,
    })),
    authLog: rows((s, i) => ({
      _id: { sessionId: s === 's1' ? 's9' : s, n: i + 1 },
      kind: 'fence',
      epoch: 0,
      key: `${i}`,
    })),
    authKeys: rows((s, i) => ({
      _id: { sessionId: s === 's1' ? 's9' : s, type: 'pre-key', id: `${i}` },
      body: new Binary(Buffer.alloc(8)),
    })),
    authCreds: rows((s, i) => ({ _id: `${s}-${i}`, epoch: 0, foldedTo: 0 })),
    chats: rows((s, i) => ({
      _id: `${s}/c${i}`,
      sessionId: s,
      chatId: `c${i}`,
      jids: [`c${i}`],
      unreadCount: i % 2,
      isUnread: i % 2 === 1,
      archived: i % 2 === 1,
      labels: [String(i % 10)],
      tokens: i % 4 === 0 ? ['a', 'an', 'ana'] : ['b'],
      pinned: i % 3 === 0 ? 1 : 0,
      lastActivity: new Date(i),
    })),
    contacts: rows((s, i) => ({
      _id: `${s}/c${i}`,
      sessionId: s,
      contactId: `c${i}`,
      jids: [`c${i}`],
      sortName: `n${i}`,
      updatedAt: new Date(i),
    })),
    groups: rows((s, i) => ({ ...group(s, i), _id: `${s}/g${i}`, sortName: `n${i}`, updatedAt: at })),
    channels: rows((s, i) => ({
      ...channel(s, i),
      _id: `${s}/n${i}`,
      sortName: `n${i}`,
      isFollowed: i % 2 === 0,
      updatedAt: at,
    })),
    labels: rows((s, i) => ({
      _id: `${s}/${i}`,
      sessionId: s,
      labelId: `${i}`,
      name: `n${i}`,
      color: 0,
      state: 'live',
      updatedAt: at,
    })),
    earlyMarks: rows((s, i) => ({ _id: `${s}/m${i}/star`, sessionId: s, mark: {}, at: new Date(Date.now() - i) })),
    calls: rows((s, i) => ({
      ...call,
      _id: `${s}/${i}`,
      sessionId: s,
      callId: `${i}`,
      offeredAt: new Date(Date.now() - i),
    })),
    messages: rows((s, i) => ({
      ...message(`m${i}`),
      _id: `${s}/c1/me/m${i}`,
      sessionId: s,
      status: 'sent',
      tokens: ['many', `some${i % 2}`],
      timestamp: new Date(1000 + (i % 30)),
      ...(i % 2 === 0 ? { labels: [String(i % 10)] } : { post: { serverId: String(i) } }),
    })),
    commands: rows((s, i) => ({
      ...command(`${s}/m${i}`),
      sessionId: s,
      messageId: `m${i}`,
      state: states[i % 6],
      epoch: 1,
      attempts: 0,
      ts: new Timestamp({ t: 1, i: i + 1 }),
      createdAt: new Date(i),
    })),
    batches: rows((s, i) => ({ _id: `${s}/${i}`, sessionId: s, isOver: i > 4, bodyHash: 'h', total: 1 })),
    batchRecipients: rows((s, i) => ({
      _id: `${s}/m${i}`,
      batchId: `${s}/b`,
      sessionId: s,
      place: i,
      state: ['queued', 'sent', 'failed'][i % 3],
    })),
    events: rows((s, i) => ({
      _id: `${s}:${i + 1}`,
      stream: s,
      seq: i + 1,
      type: 'chat.updated',
      at: new Date(),
      data: {},
    })),
    streams: rows((s, i) => ({ _id: `${s}-${i}`, head: i })),
    webhooks: rows((s, i) => ({
      _id: `${s}/m${i}`,
      ...asked,
      keyId: 'k',
      enabled: i % 2 === 0,
      secrets: [],
      revision: 1,
      createdAt: new Date(i),
      updatedAt: new Date(i),
      owner: i < 90 ? `o${i}` : null,
      epoch: 1,
      expiresAt: i < 90 ? new Date(Date.now() + 1e7) : new Date(0),
      places: {},
    })),
    deliveries: rows((s, i) => ({
      _id: `${s}/a:${i}`,
      webhookId: s,
      eventId: `a:${i}`,
      type: 'chat.updated',
      stream: 'a',
      seq: i,
      at: new Date(i),
      state: (['pending', 'delivered', 'failed', 'expired'] as const)[i % 4],
      ordered: i % 8 === 0,
      dueAt: new Date(i),
      tries: 0,
      attempts: [],
      epoch: 1,
    })),
    apiKeys: rows((s, i) => ({ _id: `${s}/m${i}`, hash: `${s}/${i}`, createdAt: new Date(i) })),
    tickets: rows((s, i) => ({ _id: `${s}/m${i}`, keyId: 'k', expiresAt: new Date(Date.now() + 60_000) })),
    rateLimits: rows((s, i) => ({ _id: `${s}/m${i}`, used: 1, expiresAt: new Date(Date.now() + 60_000) })),
  }
  for (const [name, documents] of Object.entries(filled)) await db.collection(name).insertMany(documents)
}

/** Said to the server, but looks for no document. */
const looksForNothing = new Set(['insert', 'getMore', 'hello', 'commitTransaction', 'abortTransaction', 'endSessions'])
const fields = {
  find: ['filter', 'sort', 'limit', 'skip', 'projection', 'hint'],
  aggregate: ['pipeline', 'cursor', 'hint'],
  count: ['query', 'limit', 'skip'],
  distinct: ['key', 'query'],
  findAndModify: ['query', 'sort', 'update', 'remove', 'new', 'upsert', 'fields', 'arrayFilters'],
}

/** What `explain` takes of a command: its question, one statement at a time, without the session it was sent in. */
function questionsOf(one: Document): Document[] {
  const [name = ''] = Object.keys(one)
  const target = one[name] as string
  if (looksForNothing.has(name)) return []
  if (name === 'update' || name === 'delete')
    return (one[`${name}s`] as Document[]).map((statement) => ({ [name]: target, [`${name}s`]: [statement] }))
  if (!(name in fields)) throw new Error(`${name} is new here: say how it is explained`)
  const kept = fields[name as keyof typeof fields].filter((field) => one[field] !== undefined)
  return [{ [name]: target, ...Object.fromEntries(kept.map((field) => [field, one[field] as unknown])) }]
}

function stagesIn(plan: unknown): string[] {
  if (typeof plan !== 'object' || plan === null) return []
  const { stage } = plan as { stage?: unknown }
  return [...(typeof stage === 'string' ? [stage] : []), ...Object.values(plan).flatMap(stagesIn)]
}

async function faultsOf(question: Document): Promise<string[]> {
  const answer = await client.db(opened.dbName).command({ explain: question, verbosity: 'executionStats' })
  const [first] = (answer['stages'] ?? []) as Document[]
  const { queryPlanner, executionStats } = (first?.['$cursor'] ?? answer) as Document
  // Without a condition a count is a figure the collection keeps; that it has no index is no scan.
  if ('count' in question && Object.keys((question['query'] as Document | undefined) ?? {}).length === 0) return []
  const stages = stagesIn((queryPlanner as Document)['winningPlan'])
  const { totalDocsExamined, nReturned } = executionStats as { totalDocsExamined: number; nReturned: number }
  const limit = (question['limit'] as number | undefined) ?? 0
  return [
    ...stages.filter((stage) => stage === 'COLLSCAN' || stage === 'SORT'),
    ...(totalDocsExamined > nReturned + limit + spareRows ? [`${totalDocsExamined} rows read for ${nReturned}`] : []),
  ]
}

const named = Object.entries(exercises).flatMap(([store, methods]) =>
  Object.entries(methods as Record<string, (store: unknown) => Promise<unknown>>).map(
    ([method, exercise]) => [`${store}.${method}`, store as StoreName, exercise] as const,
  ),
)

test('every method of every store is exercised', () => {
  const methods = Object.entries(opened.store).flatMap(([store, has]) =>
    typeof has === 'function' ? [] : Object.keys(has).map((method) => `${store}.${method}`),
  )
  expect(named.map(([name]) => name).toSorted()).toEqual(methods.toSorted())
})

test.each(named)('%s is served by indexes', async (name, store, exercise) => {
  sent = []
  await exercise(opened.store[store])
  const questions = sent.flatMap(questionsOf)
  const faults: string[] = []
  for (const question of questions)
    for (const fault of await faultsOf(question)) faults.push(`${fault}: ${JSON.stringify(question)}`)
  expect(faults.filter((fault) => !allowed[name]?.faults.test(fault))).toEqual([])
})
