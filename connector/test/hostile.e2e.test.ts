// Whatever a stranger's phone sends: the session stands, what comes behind it arrives, and what is kept and told is bounded.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { calculateObjectSize } from 'bson'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld()
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
  await world.link('s', ana)
})
afterAll(() => world.close())

const maxEventBytes = 64 * 1024
const maxRowBytes = 4 * 1024 * 1024

const send = (body: object) => world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, ...body })
const received = (messageId: unknown) =>
  world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)

/** Sent, and behind it a plain text, which must arrive. */
async function survives(message: object): Promise<string> {
  const { messageId } = await send({ message })
  await received((await send({ text: 'still there?' }))['messageId'])
  return String(messageId)
}

const huge = (megabytes: number) => 'x'.repeat(megabytes * 1_000_000)
const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))
const nested = (depth: number, inside: object): object =>
  depth === 0 ? inside : { ephemeralMessage: { message: nested(depth - 1, inside) } }
const file = { mediaKey: Buffer.alloc(32).toString('base64'), directPath: '/x', fileLength: 1_000 }
const somebody = (i: number) => `${5_491_100_000_000 + i}@s.whatsapp.net`
const number = '9223372036854775807'

const messages: Record<string, object> = {
  'nothing at all': {},
  'a text of 12 MB': { conversation: huge(12) },
  'ten thousand mentions': {
    extendedTextMessage: { text: 'all', contextInfo: { mentionedJid: many(10_000, somebody) } },
  },
  'mentions of long names': {
    extendedTextMessage: {
      text: 'all',
      contextInfo: { mentionedJid: many(1_000, (i) => `${'9'.repeat(58)}${i}@lid`) },
    },
  },
  'mentions that are no addresses': {
    extendedTextMessage: { text: 'all', contextInfo: { mentionedJid: [huge(0.3), '$gt', 'a\0b@s.whatsapp.net'] } },
  },
  'an answer to an endless id': {
    extendedTextMessage: { text: 're', contextInfo: { stanzaId: huge(0.3), expiration: 4_294_967_295 } },
  },
  'a card of 5 MB': { contactMessage: { displayName: huge(0.3), vcard: `BEGIN:VCARD\nTEL:${huge(5)}\nEND:VCARD` } },
  'a thousand cards': {
    contactsArrayMessage: { contacts: many(1_000, (i) => ({ displayName: `${i}`, vcard: huge(0.003) })) },
  },
  'a poll with 100,000 options': {
    pollCreationMessage: { name: huge(0.1), options: many(100_000, (i) => ({ optionName: `${i}` })) },
  },
  'a poll of long options': {
    pollCreationMessage: { name: 'p', options: many(100, (i) => ({ optionName: `${i}`.padEnd(5_000, '"') })) },
  },
  'a place that is nowhere': { locationMessage: { degreesLatitude: 'NaN', degreesLongitude: 1e308, name: huge(0.3) } },
  'a call without end': { callLogMesssage: { callOutcome: 99, durationSecs: number } },
  'wrappers, 100 deep': nested(100, { conversation: 'deep' }),
  'wrappers, 1,000 deep': nested(1_000, { conversation: 'deep' }),
  'a file that lies': {
    documentMessage: {
      ...file,
      url: 'http://127.0.0.1:27017/?$where=1',
      directPath: '//evil.example/..%2f',
      mimetype: 'text/html',
      fileName: `${huge(0.3)}\u202e\0../../etc/passwd`,
      caption: huge(0.3),
      pageCount: 4_294_967_295,
    },
  },
  'a film of impossible size': {
    videoMessage: { ...file, fileLength: number, seconds: 4_294_967_295, width: 4_294_967_295, height: 0 },
  },
  'a voice with an endless waveform': {
    audioMessage: { ...file, ptt: true, waveform: Buffer.alloc(1_000_000, 255).toString('base64') },
  },
  'a thumbnail of 2 MB': { imageMessage: { ...file, jpegThumbnail: Buffer.alloc(2_000_000).toString('base64') } },
  'a preview of a page': {
    extendedTextMessage: { text: 'x', matchedText: huge(0.3), title: huge(0.3), description: huge(0.3) },
  },
  'a reaction to nothing': { reactionMessage: { key: { id: 'NONE' }, text: '!', senderTimestampMs: number } },
  'a reaction without a key': { reactionMessage: { text: huge(0.3) } },
  'an edit of nothing': {
    protocolMessage: { type: 14, key: { id: 'NONE' }, editedMessage: { conversation: huge(0.3) }, timestampMs: number },
  },
  'a revoke of nothing': { protocolMessage: { type: 0, key: { id: huge(0.3) } } },
  'a vote that is none': {
    pollUpdateMessage: { pollCreationMessageKey: { id: 'NONE' }, vote: { encPayload: 'AAAA', encIv: 'AAAA' } },
  },
  'a pin at the end of time': {
    pinInChatMessage: { key: { id: 'NONE' }, type: 1, senderTimestampMs: number },
    messageContextInfo: { messageAddOnDurationInSecs: 4_294_967_295 },
  },
  'a key share of somebody else': {
    protocolMessage: { type: 6, appStateSyncKeyShare: { keys: [{ keyId: { keyId: 'AAAA' }, keyData: {} }] } },
  },
  'a history of somebody else': {
    protocolMessage: {
      type: 5,
      historySyncNotification: { syncType: 0, initialHistBootstrapInlinePayload: 'AAAA', chunkOrder: 1 },
    },
  },
  'a kind that is not known': { sendPaymentMessage: { noteMessage: { conversation: huge(0.3) } } },
}

test.each(Object.entries(messages))('%s', async (_name, message) => {
  await survives(message)
})

test('an edit and a reaction of a stranger are bounded, and their times are times', async () => {
  const { messageId } = await send({ text: 'mine' })
  await received(messageId)
  const key = { id: messageId, fromMe: true, remoteJid: ana.lid }
  await send({ message: { reactionMessage: { key, text: huge(0.3), senderTimestampMs: number } } })
  await send({
    message: { protocolMessage: { type: 14, key, editedMessage: { conversation: huge(0.5) }, timestampMs: number } },
  })
  await survives({ reactionMessage: { key, text: 'ok', senderTimestampMs: '8640000000000000' } })
  const [row] = await world.store.messages.find('s', String(messageId))
  const year = (at?: Date) => at?.getUTCFullYear()
  expect(year(row?.editedAt)).toBeOneOf([2025, 2026, 2027])
  for (const reaction of row?.reactions ?? []) {
    expect(reaction.emoji.length).toBeLessThan(100)
    expect(year(reaction.at)).toBeOneOf([2025, 2026, 2027])
  }
})

test('every event is small, every row is far from what MongoDB takes, and the connection never fell', async () => {
  const sizes = world.events.map((event) => ({
    type: event.type,
    kind: event.data['type'],
    bytes: Buffer.byteLength(JSON.stringify(event.data)),
  }))
  expect(sizes.filter(({ bytes }) => bytes > maxEventBytes)).toEqual([])
  const rows = await world.store.messages.page('s', beto.lid, { limit: 200 })
  expect(rows.data.length).toBeGreaterThan(20)
  const large = rows.data.map((row) => ({ type: row.type, bytes: calculateObjectSize(row) }))
  expect(large.filter(({ bytes }) => bytes > maxRowBytes)).toEqual([])
  expect(world.of('session.disconnected')).toEqual([])
})
