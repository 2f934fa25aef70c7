// Every kind of message in a group of fifty, over the real wire in both directions: ours is decrypted by phones at either
// end of the member list, theirs stands in our database once, its author named by LID and by number.
import { afterAll, beforeAll, expect, test } from 'vitest'
import sharp from 'sharp'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
/** They write, they are written to. */
let beto: Phone
let eva: Phone
let others: Phone[]
let group: string
let jpeg: string
let webp: string
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto, eva] = [await world.phone('Ana'), await world.phone('Beto'), await world.phone('Eva')]
  others = await Promise.all(Array.from({ length: 47 }, (_, i) => world.phone(`Phone ${i}`)))
  const picture = sharp({ create: { width: 64, height: 40, channels: 3, background: '#0a7' } })
  jpeg = (await picture.clone().jpeg().toBuffer()).toString('base64')
  webp = (await picture.clone().resize(512, 512).webp().toBuffer()).toString('base64')
  await world.startConnector()
  await world.link('s', ana)
  const participants = [ana, eva, ...others].map(({ phone }) => phone)
  const made = await world.door('POST', '/groups', { owner: beto.phone, subject: 'Cincuenta', participants })
  group = (made['group'] as { id: string }).id
  await world.untilEvent('group.updated', (event) => event.data['groupId'] === group)
})
afterAll(async () => {
  await api.close()
  await world.close()
})

type Data = Record<string, any>
type Seen = { kind: string; text: string; targetId?: string; details?: Data; context?: Data; deliveries: number }

/** What a phone writes; what the feed says of it, once it is certain that it stands in the database once. */
async function theirs(from: Phone, body: object): Promise<Data> {
  const { messageId } = await world.door('POST', `/phones/${from.phone}/messages`, { to: group, ...body })
  const { data } = await world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)
  expect(await world.store.messages.find('s', String(messageId))).toMatchObject([{ chatId: group, sender: from.lid }])
  expect(data).toMatchObject({ chatId: group, from: from.lid, fromMe: false })
  expect(data['people']).toContainEqual({ jid: from.lid, lid: from.lid, phone: from.phone })
  return data
}
const change = async (from: Phone, body: object) =>
  String((await world.door('POST', `/phones/${from.phone}/messages`, { to: group, ...body }))['messageId'])
const told = async (type: Parameters<World['of']>[0], messageId: unknown) =>
  (await world.untilEvent(type, (event) => event.data['messageId'] === messageId)).data as Data

/** The first member, the one after us, and the last. */
const readers = () => [beto, eva, others.at(-1)!]

/** What each reader has decrypted of what fits, the same each time; `by` is its own id, or that of what it is about. */
async function reaches(fits: (row: Seen & { messageId: string }) => boolean): Promise<Seen> {
  let seen: Seen | undefined
  for (const reader of readers()) {
    let found: Seen[] = []
    for (let wanted = 1; found.length === 0;) {
      const rows = (await world.inbox(reader, wanted)) as unknown as (Seen & { messageId: string })[]
      wanted = rows.length + 1
      found = rows.filter(fits)
    }
    expect(found).toMatchObject([{ deliveries: 1, group }])
    seen = found[0]
  }
  return seen!
}

async function ask(method: string, path: string, body?: object): Promise<Data> {
  const wait = method === 'GET' ? '' : '?wait=30'
  const answer = await api.call(method, `/v1/sessions/s/messages${path}${wait}`, body ? { body } : {})
  expect(answer.status, answer.text).toBeLessThan(202)
  return answer.body
}
/** Written over the API; what the phones have of it. */
async function ours(body: object): Promise<Seen & { messageId: string }> {
  const { messageId } = await ask('POST', '', { to: group, ...body })
  return { ...(await reaches((row) => row.messageId === messageId)), messageId }
}

const place = { latitude: -34.6, longitude: -58.4, name: 'Obelisco' }
const poll = { question: 'Lunch?', options: ['pizza', 'sushi'], selectable: 1 }
const planned = { name: 'Asado', startAt: '2027-01-02T15:00:00.000Z' }
const week = 604_800

test('text, with a mention and a quote', async () => {
  const last = others.at(-1)!
  const asked = await theirs(eva, { text: 'who comes?', mentions: [last.phone] })
  expect(asked).toMatchObject({ text: 'who comes?', mentions: [last.lid] })
  expect(asked['people']).toContainEqual({ jid: last.lid, lid: last.lid, phone: last.phone })
  const answer = await ours({
    type: 'text',
    text: `we, @${last.phone}`,
    mentions: [last.phone],
    quotedMessageId: asked['messageId'],
  })
  expect(answer).toMatchObject({
    text: `we, @${last.lid.split('@')[0]}`,
    quotedMessageId: asked['messageId'],
    context: { mentions: [last.lid] },
  })
  const back = await theirs(last, { text: 'good', quotedMessageId: answer.messageId })
  expect(back['quotedMessageId']).toBe(answer.messageId)
})

test('edit, reaction and revoke', async () => {
  const said = await theirs(eva, { text: 'at noon' })
  const { messageId } = said
  await change(eva, { edit: { messageId, text: 'at one' } })
  expect(await told('message.edited', messageId)).toMatchObject({ text: 'at one', from: eva.lid })
  await change(beto, { reaction: { messageId, emoji: '👍' } })
  const reacted = await told('message.reaction', messageId)
  expect(reacted['reaction']).toMatchObject({ sender: beto.lid, emoji: '👍' })
  expect(reacted['people']).toContainEqual({ jid: beto.lid, lid: beto.lid, phone: beto.phone })
  await ask('PUT', `/${messageId}/reaction`, { emoji: '🎉' })
  expect(await reaches((row) => row.kind === 'reaction' && row.text === '🎉')).toMatchObject({ targetId: messageId })
  await change(eva, { revoke: { messageId } })
  await told('message.revoked', messageId)
  expect((await world.store.messages.find('s', messageId)).map(({ text }) => text)).toEqual([undefined])

  const mine = await ours({ type: 'text', text: 'at two' })
  await ask('PATCH', `/${mine.messageId}`, { text: 'at three' })
  expect(await reaches((row) => row.kind === 'edit' && row.targetId === mine.messageId)).toMatchObject({
    text: 'at three',
  })
  await ask('DELETE', `/${mine.messageId}`)
  await reaches((row) => row.kind === 'revoke' && row.targetId === mine.messageId)
})

test('location and contacts', async () => {
  expect(await theirs(eva, { location: place })).toMatchObject({ type: 'location', location: place })
  expect(await ours({ type: 'location', location: place })).toMatchObject({
    kind: 'location',
    details: { location: place },
  })
  const vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:Leo\nTEL;waid=15550001111:+1 555 000-1111\nEND:VCARD'
  expect(await theirs(eva, { contacts: [{ name: 'Leo', vcard }] })).toMatchObject({
    type: 'contacts',
    contacts: [{ name: 'Leo', phones: ['15550001111'] }],
  })
  const cards = [{ name: 'Leo', phones: ['15550001111'] }]
  expect((await ours({ type: 'contacts', contacts: cards })).details).toMatchObject({ contacts: [{ name: 'Leo' }] })
})

test('a poll and its votes', async () => {
  const theirPoll = await theirs(eva, { poll })
  expect(theirPoll).toMatchObject({ type: 'poll', poll })
  await ask('POST', `/${theirPoll['messageId']}/poll-vote`, { options: ['sushi'] })
  const voted = await reaches((row) => row.kind === 'vote' && row.targetId === theirPoll['messageId'])
  expect(voted).toMatchObject({ kind: 'vote', details: { vote: ['sushi'] } })
  await change(beto, { vote: { messageId: theirPoll['messageId'], options: ['pizza'] } })
  await world.until('both votes', () =>
    world
      .of('message.poll_vote')
      .some(({ data }) => data['messageId'] === theirPoll['messageId'] && (data['vote'] as Data)['sender'] !== 'me'),
  )

  const mine = await ours({ type: 'poll', poll })
  expect(mine).toMatchObject({ kind: 'poll', details: { poll } })
  for (const [i, one] of readers().entries()) {
    const names = { author: 'lid', answerer: i === 1 ? 'pn' : 'lid' }
    await change(one, { vote: { messageId: mine.messageId, options: ['pizza'], names } })
  }
  await world.until(
    'three votes',
    () => world.of('message.poll_vote').filter(({ data }) => data['messageId'] === mine.messageId).length === 3,
  )
  const { votes, poll: counted } = await ask('GET', `/${mine.messageId}`)
  expect(votes.map((vote: Data) => vote['sender']).sort()).toEqual(
    readers()
      .map(({ lid }) => lid)
      .sort(),
  )
  expect(counted.tally[0]).toEqual({ option: 'pizza', votes: 3 })
})

test('an event and the answers to it', async () => {
  const theirEvent = await theirs(eva, { event: planned })
  expect(theirEvent).toMatchObject({ type: 'event', event: { name: 'Asado' } })
  await ask('PUT', `/${theirEvent['messageId']}/event-response`, { answer: 'maybe' })
  const answered = await reaches((row) => row.kind === 'response' && row.targetId === theirEvent['messageId'])
  expect(answered).toMatchObject({ details: { response: 'maybe' } })
  const mine = await ours({ type: 'event', event: planned })
  expect(mine).toMatchObject({ kind: 'event', details: { event: planned } })
  await change(beto, { response: { messageId: mine.messageId, answer: 'going' } })
  await told('message.event_response', mine.messageId)
  expect((await ask('GET', `/${mine.messageId}`))['responses']).toMatchObject([{ sender: beto.lid, answer: 'going' }])
})

test('forwarded, disappearing, view-once', async () => {
  const passed = await theirs(eva, {
    message: { extendedTextMessage: { text: 'pass it on', contextInfo: { isForwarded: true, forwardingScore: 4 } } },
  })
  expect(passed).toMatchObject({ text: 'pass it on', isForwarded: true, forwardingScore: 4 })
  const { messageId } = await ask('POST', `/${passed['messageId']}/forward`, { to: group })
  expect(await reaches((row) => row.messageId === messageId)).toMatchObject({
    text: 'pass it on',
    context: { forwardingScore: 5 },
  })
  const fading = { extendedTextMessage: { text: 'gone soon', contextInfo: { expiration: week } } }
  expect(await theirs(eva, { message: { ephemeralMessage: { message: fading } } })).toMatchObject({
    type: 'text',
    text: 'gone soon',
    ephemeralSeconds: week,
  })
  expect((await ours({ type: 'text', text: 'gone too', ephemeralSeconds: week })).context).toEqual({
    ephemeralSeconds: week,
  })
  const glance = await theirs(eva, { media: { kind: 'image', base64: jpeg, viewOnce: true, caption: 'look' } })
  expect(glance).toMatchObject({ type: 'image', viewOnce: true, text: 'look' })
  const mine = await ours({ type: 'image', media: { base64: jpeg }, viewOnce: true })
  expect(mine.details).toMatchObject({ media: { viewOnce: true } })
})

const waveform = Array.from({ length: 64 }, (_, i) => i)
const film = Buffer.concat([Buffer.from('000000186674797069736f6d0000000069736f6d6d703432', 'hex'), Buffer.alloc(500)])

test.each([
  ['picture', { kind: 'image', caption: 'look' }, { type: 'image', text: 'look' }],
  ['film', { kind: 'video', size: 300, caption: 'film' }, { type: 'video', text: 'film' }],
  ['GIF', { kind: 'video', size: 300, gif: true }, { type: 'video', media: { isGif: true } }],
  ['round video note', { kind: 'video', size: 300, videoNote: true }, { type: 'video', media: { isVideoNote: true } }],
  ['sound', { kind: 'audio', size: 300, seconds: 3 }, { type: 'audio', media: { seconds: 3 } }],
  ['voice note', { kind: 'voice', size: 300, waveform }, { type: 'voice', media: { waveform } }],
  ['document', { kind: 'document', size: 300, fileName: 'a.pdf' }, { type: 'document', media: { fileName: 'a.pdf' } }],
  ['sticker', { kind: 'sticker', size: 300, animated: true }, { type: 'sticker', media: { isAnimated: true } }],
])('a %s of theirs', async (_name, media, shown) => {
  const given = media.kind === 'image' ? { ...media, base64: jpeg } : media
  expect(await theirs(eva, { media: given })).toMatchObject(shown)
})

/** Of 16 kHz, one tone. */
function wav(seconds: number): Buffer {
  const rate = 16_000
  const bytes = Buffer.alloc(44 + seconds * rate * 2)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(bytes.length - 8, 4)
  bytes.write('WAVEfmt ', 8)
  for (const [i, value] of [16, 0x10001, rate, rate * 2, 0x100002].entries()) bytes.writeUInt32LE(value, 16 + i * 4)
  bytes.write('data', 36)
  bytes.writeUInt32LE(bytes.length - 44, 40)
  for (let i = 0; i < seconds * rate; i += 1) bytes.writeInt16LE(Math.round(9_000 * Math.sin(i / 6)), 44 + i * 2)
  return bytes
}

test.each([
  ['picture', () => ({ type: 'image', media: { base64: jpeg }, caption: 'look' }), { kind: 'image', text: 'look' }],
  ['film', () => ({ type: 'video', media: base64(film), caption: 'ha' }), { kind: 'video', text: 'ha' }],
  ['GIF', () => ({ type: 'video', media: base64(film), gif: true }), { details: { media: { gif: true } } }],
  [
    'round video note',
    () => ({ type: 'video', media: base64(film), videoNote: true }),
    { details: { media: { videoNote: true } } },
  ],
  ['sound', () => ({ type: 'audio', media: base64(wav(1)) }), { kind: 'audio', details: { media: { seconds: 1 } } }],
  ['voice note', () => ({ type: 'voice', media: base64(wav(1)) }), { kind: 'voice' }],
  [
    'document',
    () => ({ type: 'document', media: base64(Buffer.from('%PDF-1.4 nothing')), fileName: 'a.pdf' }),
    { kind: 'document', details: { media: { fileName: 'a.pdf' } } },
  ],
  ['sticker', () => ({ type: 'sticker', media: { base64: webp } }), { kind: 'sticker' }],
])('a %s of ours', async (_name, body, seen) => {
  const arrived = await ours(body())
  expect(arrived).toMatchObject(seen)
  expect(arrived.details?.['media'], 'every byte of it').toMatchObject({
    sha256: arrived.details?.['media'].statedSha256,
  })
})
const base64 = (bytes: Buffer) => ({ base64: bytes.toString('base64') })

test('a pin and a star', async () => {
  const { messageId } = await theirs(eva, { text: 'the address' })
  await ask('PUT', `/${messageId}/pin`, { seconds: 86_400 })
  expect(await reaches((row) => row.kind === 'pin' && row.targetId === messageId)).toMatchObject({ text: 'pinned' })
  expect((await ask('GET', `/${messageId}`))['pinnedUntil']).toBeDefined()
  await change(beto, { pin: { messageId, seconds: 0 } })
  const off = await world.untilEvent(
    'message.pinned',
    ({ data }) => data['messageId'] === messageId && !(data['pin'] as Data)['isPinned'],
  )
  expect(off.data['pin']).toMatchObject({ by: beto.lid })
  await world.door('POST', `/phones/${ana.phone}/app-state`, { chat: group, star: { messageId } })
  await told('message.starred', messageId)
  await ask('PUT', `/${messageId}/star`, { starred: false })
  expect(await ask('GET', `/${messageId}`)).not.toHaveProperty('isStarred')
})

test('a line about the group, and what nobody knows', async () => {
  await world.door('PATCH', `/groups/${group}`, { by: beto.phone, subject: 'Cincuenta y uno' })
  const { data } = await world.untilEvent('group.updated', (event) => event.data['subject'] === 'Cincuenta y uno')
  expect(data).toMatchObject({ changed: ['subject'], by: { lid: beto.lid, phone: beto.phone } })
  const lines = async () => (await world.store.messages.page('s', group, { limit: 10 })).data
  await expect
    .poll(async () => (await lines()).filter(({ type }) => type === 'system'))
    .toMatchObject([{ kind: 'group.subject', sender: beto.lid, system: { by: beto.lid, value: 'Cincuenta y uno' } }])
  expect(await theirs(eva, { message: { orderMessage: { orderTitle: 'tea' } } })).toMatchObject({
    type: 'unknown',
    kind: 'orderMessage',
  })
})

test('nobody asked for anything twice, and every phone could read all of it', async () => {
  for (const reader of readers()) {
    const { counters } = await world.phoneState(reader)
    expect(counters).toMatchObject({ failedDecryptions: 0, duplicates: 0, nacks487: 0 })
  }
})
