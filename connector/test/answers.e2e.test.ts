// Polls and events with what people answer, and messages that are sent on: over the API, the real wire and back.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import sharp from 'sharp'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
beforeAll(async () => {
  world = await openWorld({ connectorEnv: { ALLOW_PRIVATE_ADDRESSES: 'true' } })
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
  await world.link('s', ana)
})
afterAll(async () => {
  await api.close()
  await world.close()
})

type Row = { messageId: string; kind: string; text?: string; targetId?: string; details?: object; context?: object }

/** Beto's phone sends; what the feed says of it. */
async function comes(body: object): Promise<Record<string, any>> {
  const { messageId } = await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, ...body })
  return (await world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)).data
}

/** The API is called and waits until WhatsApp has it. */
async function ask(method: string, path: string, body: object): Promise<Record<string, any>> {
  const answer = await api.call(method, `/v1/sessions/s/messages${path}?wait=30`, { body })
  expect(answer.text).toContain('commandId')
  expect(answer.status).toBeLessThan(202)
  return answer.body
}

/** What Beto's phone has of it, once `fits`. */
async function atBeto(fits: (row: Row) => boolean): Promise<Row> {
  let rows: Row[] = []
  for (let seen = 1; !rows.some(fits); seen = rows.length + 1) rows = await world.inbox(beto, seen)
  return rows.find(fits)!
}

const voteOf = (messageId: string, nth: number) =>
  world.until('the vote', () => world.of('message.poll_vote').filter((e) => e.data['messageId'] === messageId)[nth])

test('votes on a poll of ours are read under whatever names they are sealed, the last one counts', async () => {
  const poll = { question: 'Lunch?', options: ['pizza', 'sushi'], selectable: 0 }
  const { messageId } = await ask('POST', '', { type: 'poll', to: beto.phone, poll })
  await atBeto((row) => row.messageId === messageId)
  const choices = [['pizza'], ['sushi'], ['pizza', 'sushi'], []]
  const forms = ['lid', 'pn'] as const
  const names = forms.flatMap((author) => forms.map((answerer) => ({ author, answerer })))
  for (const [i, options] of choices.entries()) {
    await world.door('POST', `/phones/${beto.phone}/messages`, {
      to: ana.phone,
      vote: { messageId, options, names: names[i] },
    })
    const { data } = await voteOf(messageId, i)
    expect(data).toMatchObject({ vote: { options }, poll: { tally: [{ option: 'pizza' }, { option: 'sushi' }] } })
  }
  const { body } = await api.call('GET', `/v1/sessions/s/messages/${messageId}`)
  expect(body.votes).toHaveLength(1)
  expect(body.poll.tally).toEqual([
    { option: 'pizza', votes: 0 },
    { option: 'sushi', votes: 0 },
  ])
})

test('a vote that is sealed for another message, or for an option that is none, changes nothing of the count', async () => {
  const asked = { type: 'poll', to: beto.phone, poll: { question: '?', options: ['a', 'b'] } }
  const [{ messageId }, other] = [await ask('POST', '', asked), await ask('POST', '', asked)]
  await atBeto((row) => row.messageId === other['messageId'])
  const vote = { encPayload: Buffer.alloc(40, 1).toString('base64'), encIv: Buffer.alloc(12).toString('base64') }
  const pollCreationMessageKey = { remoteJid: ana.lid, fromMe: false, id: messageId }
  await world.door('POST', `/phones/${beto.phone}/messages`, {
    to: ana.phone,
    message: { pollUpdateMessage: { pollCreationMessageKey, vote } },
  })
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, vote: { messageId, options: ['c'] } })
  const { data } = await voteOf(messageId, 0)
  expect(data, 'the garbage before it told nothing').toMatchObject({ vote: { options: [] } })
})

test('we vote on their poll: their phone reads it, ours counts it; no option that is none goes out', async () => {
  const { messageId } = await comes({ poll: { question: 'Where?', options: ['here', 'there'], selectable: 1 } })
  await ask('POST', `/${messageId}/poll-vote`, { options: ['there'] })
  expect(await atBeto((row) => row.targetId === messageId)).toMatchObject({
    kind: 'vote',
    details: { vote: ['there'] },
  })
  expect((await voteOf(messageId, 0)).data).toMatchObject({ vote: { sender: 'me', options: ['there'] } })
  const path = `/v1/sessions/s/messages/${messageId}/poll-vote`
  expect(await api.call('POST', path, { body: { options: ['nowhere'] } })).toMatchObject({
    status: 422,
    body: { code: 'poll.option_unknown' },
  })
  expect(await api.call('POST', path, { body: { options: ['here', 'there'] } })).toMatchObject({ status: 422 })
})

test('an event and the answers to it, in both directions', async () => {
  const event = { name: 'Asado', startAt: '2027-01-02T15:00:00.000Z', endAt: '2027-01-02T18:00:00.000Z' }
  const theirs = await comes({ event: { ...event, description: 'bring wine' } })
  expect(theirs).toMatchObject({ type: 'event', event: { name: 'Asado', description: 'bring wine' } })
  await ask('PUT', `/${theirs['messageId']}/event-response`, { answer: 'maybe' })
  const answered = await atBeto((row) => row.targetId === theirs['messageId'])
  expect(answered).toMatchObject({ kind: 'response', details: { response: 'maybe' } })

  const { messageId } = await ask('POST', '', { type: 'event', to: beto.phone, event })
  expect(await atBeto((row) => row.messageId === messageId)).toMatchObject({ kind: 'event', details: { event } })
  await world.door('POST', `/phones/${beto.phone}/messages`, {
    to: ana.phone,
    response: { messageId, answer: 'going' },
  })
  await world.untilEvent('message.event_response', (e) => e.data['messageId'] === messageId)
  const { body } = await api.call('GET', `/v1/sessions/s/messages/${messageId}`)
  expect(body.responses).toMatchObject([{ answer: 'going' }])
})

test('a message is sent on as it stands, and says how often it was', async () => {
  const { messageId } = await comes({
    message: { extendedTextMessage: { text: 'pass it on', contextInfo: { isForwarded: true, forwardingScore: 4 } } },
  })
  const gone = await ask('POST', `/${messageId}/forward`, { to: beto.phone })
  expect(await atBeto((row) => row.messageId === gone['messageId'])).toMatchObject({
    text: 'pass it on',
    context: { forwardingScore: 5 },
  })
  const { body } = await api.call('GET', `/v1/sessions/s/messages/${gone['messageId']}`)
  expect(body).toMatchObject({ text: 'pass it on', isForwarded: true, forwardingScore: 5, fromMe: true })
  const own = await ask('POST', `/${gone['messageId']}/forward`, { to: beto.phone })
  expect((await atBeto((row) => row.messageId === own['messageId'])).context, 'our own counts no further').toEqual({
    forwardingScore: 5,
  })
  const { messageId: polled } = await comes({ poll: { question: 'q', options: ['a', 'b'] } })
  expect(
    await api.call('POST', `/v1/sessions/s/messages/${polled}/forward`, { body: { to: beto.phone } }),
  ).toMatchObject({
    status: 409,
    body: { code: 'message.not_forwardable' },
  })
})

test('in a chat whose messages disappear ours do too, whatever they are, until it is said otherwise', async () => {
  const day = 86_400
  const setFor = async (ephemeralExpiration: number) => {
    await world.door('POST', `/phones/${beto.phone}/messages`, {
      to: ana.phone,
      message: { protocolMessage: { type: 3, ephemeralExpiration } },
    })
    await world.untilEvent('chat.updated', ({ data }) => data['ephemeralSeconds'] === ephemeralExpiration)
  }
  const timeOf = async (path: string, body: object) => {
    const { messageId } = await ask('POST', path, body)
    const { ephemeralSeconds } = (await api.call('GET', `/v1/sessions/s/messages/${messageId}`)).body
    const { context } = await atBeto((row) => row.messageId === messageId)
    expect({ ephemeralSeconds: undefined, ...context }).toMatchObject({ ephemeralSeconds })
    return ephemeralSeconds
  }
  const text = { type: 'text', to: beto.phone, text: 'for a day' }
  const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#a70' } })
    .jpeg()
    .toBuffer()
  const image = { type: 'image', to: beto.phone, media: { base64: picture.toString('base64') } }
  const { messageId } = await comes({ text: 'pass it on' })
  await setFor(day)
  expect(await timeOf('', text)).toBe(day)
  expect(await timeOf('', image)).toBe(day)
  expect(await timeOf('', { type: 'poll', to: beto.phone, poll: { question: 'q', options: ['a', 'b'] } })).toBe(day)
  expect(await timeOf(`/${String(messageId)}/forward`, { to: beto.phone })).toBe(day)
  expect(await timeOf('', { ...text, ephemeralSeconds: 604_800 })).toBe(604_800)
  expect(await timeOf('', { ...text, ephemeralSeconds: 0 }), 'this one stays').toBeUndefined()
  for (const none of [1, 4_294_967_295, 0]) {
    await setFor(none)
    expect(await timeOf('', text), `${none} is no time`).toBeUndefined()
  }
})

test('what disappears, may be looked at once, was called, or previews a page says so', async () => {
  const week = 604_800
  const { messageId } = await ask('POST', '', {
    type: 'text',
    to: beto.phone,
    text: 'soon gone',
    ephemeralSeconds: week,
  })
  expect((await atBeto((row) => row.messageId === messageId)).context).toEqual({ ephemeralSeconds: week })
  const fading = { extendedTextMessage: { text: 'gone too', contextInfo: { expiration: week } } }
  expect(await comes({ message: { ephemeralMessage: { message: fading } } })).toMatchObject({
    type: 'text',
    text: 'gone too',
    ephemeralSeconds: week,
  })
  const glance = { viewOnceMessageV2: { message: { imageMessage: { caption: 'look', viewOnce: true } } } }
  expect(await comes({ message: glance })).toMatchObject({ viewOnce: true, text: 'look' })
  const call = { callLogMesssage: { isVideo: true, callOutcome: 1, durationSecs: 30 } }
  expect(await comes({ message: call })).toMatchObject({ type: 'call', call: { isVideo: true, outcome: 'missed' } })

  const linkPreview = { url: 'https://example.com/a', title: 'A page' }
  const given = { type: 'text', to: beto.phone, text: 'see https://example.com/a', linkPreview }
  const previewed = await ask('POST', '', given)
  expect((await atBeto((row) => row.messageId === previewed['messageId'])).context).toEqual({ preview: linkPreview })
  const picture = await sharp({ create: { width: 1200, height: 600, channels: 3, background: '#a70' } })
    .png()
    .toBuffer()
  const page = createServer((request, response) => {
    if (request.url === '/shared.png') return void response.end(picture)
    const image = '<meta property="og:image" content="/shared.png">'
    response.setHeader('content-type', 'text/html').end(`<title>Ours to make</title>${image}`)
  }).listen(0, '127.0.0.1')
  await once(page, 'listening')
  const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}/`
  const made = await ask('POST', '', { type: 'text', to: beto.phone, text: `look: ${url}`, linkPreview: true })
  expect((await atBeto((row) => row.messageId === made['messageId'])).context).toEqual({
    preview: { title: 'Ours to make', url, thumbnailBytes: expect.any(Number) },
  })
  const shownToUs = (await api.call('GET', `/v1/sessions/s/messages/${made['messageId']}`)).body
  expect(shownToUs.linkPreview).toEqual({ title: 'Ours to make', url })
  expect(JSON.stringify(shownToUs)).not.toContain('icture')
  page.close()
  const shown = { extendedTextMessage: { text: 'https://x.io', matchedText: 'https://x.io', title: 'X' } }
  expect(await comes({ message: shown })).toMatchObject({ linkPreview: { url: 'https://x.io', title: 'X' } })
})

test('a kind that nobody knows arrives with its name, and a thousand mentions are a thousand at most', async () => {
  expect(await comes({ message: { orderMessage: { orderTitle: 'tea' } } })).toMatchObject({
    type: 'unknown',
    kind: 'orderMessage',
  })
  const mentionedJid = Array.from({ length: 10_000 }, (_, i) => `1555${i}@s.whatsapp.net`)
  const { messageId } = await comes({
    message: { extendedTextMessage: { text: '@all', contextInfo: { mentionedJid } } },
  })
  const { body } = await api.call('GET', `/v1/sessions/s/messages/${messageId}`)
  expect(body.mentions).toHaveLength(1_024)
})
