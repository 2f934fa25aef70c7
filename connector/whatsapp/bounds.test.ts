import { proto } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { toEmoji, toName, toPast, toTime } from './bounds.ts'
import { parseContent, toInstant } from './content.ts'
import { toFact } from './message-facts.ts'
import { createIdentities } from './identities.ts'

const never = [0, -1, Number.NaN, Infinity, '9223372036854775807', 'soon', null, undefined, 8.64e15 + 1]
const identities = createIdentities({ peek: () => undefined }, () => ({ id: '1@s.whatsapp.net', lid: '2@lid' }))
const message = (content: object, id = '3EB0', more: object = {}) => ({
  key: { remoteJid: '9@s.whatsapp.net', fromMe: false, id },
  messageTimestamp: 1_700_000_000,
  message: proto.Message.fromObject(content),
  ...more,
})

test('what is no time is none, and nobody acts tomorrow', () => {
  const otherwise = new Date(5)
  for (const ms of never) {
    expect(toTime(ms)).toBeUndefined()
    expect(toPast(ms, otherwise)).toBe(otherwise)
  }
  expect(toPast(Date.parse('9999-01-01'), otherwise)).toBe(otherwise)
  expect(toPast('1700000000000', otherwise)).toEqual(new Date(1_700_000_000_000))
  for (const seconds of never) expect(toInstant(seconds as number).getTime()).toBeCloseTo(Date.now(), -4)
})

test('names are one line, without what is not seen, and short', () => {
  expect(toName(`A\0n\u0007a\n${'x'.repeat(1_000_000)}`)).toHaveLength(200)
  expect(toName('A\0n\u0007a\nB')).toBe('Ana B')
  expect(toName('\0\n ')).toBeUndefined()
  expect(toEmoji('👩‍👩‍👧‍👦')).toBe('👩‍👩‍👧‍👦')
  expect(toEmoji('x'.repeat(1_000_000))).toHaveLength(64)
})

test('a message whose id nobody could name says nothing', () => {
  for (const id of ['x'.repeat(129), '../../x', 'a/b', '{"$gt":""}', 'a b', ''])
    expect(toFact(message({ conversation: 'hi' }, id) as never, identities), id).toBeUndefined()
  expect(toFact(message({ conversation: 'hi' }) as never, identities)).toBeDefined()
})

test('whatever a message says, its times are times and its words are few', () => {
  const end = '9223372036854775807'
  const key = { id: 'T', fromMe: true }
  for (const content of [
    { reactionMessage: { key, text: 'x'.repeat(1_000_000), senderTimestampMs: end } },
    { protocolMessage: { type: 14, key, editedMessage: { conversation: 'x'.repeat(1_000_000) }, timestampMs: end } },
    { pinInChatMessage: { key, type: 1, senderTimestampMs: end } },
    {
      pollUpdateMessage: {
        pollCreationMessageKey: key,
        vote: { encPayload: 'AA==', encIv: 'AA==' },
        senderTimestampMs: end,
      },
    },
    { eventMessage: { name: 'x'.repeat(1_000_000), startTime: end, endTime: '253402300800' } },
    { locationMessage: { degreesLatitude: Number.NaN, degreesLongitude: -Infinity, name: 'x'.repeat(1_000_000) } },
    { contactMessage: { displayName: 'x'.repeat(1_000_000), vcard: 'x'.repeat(5_000_000) } },
    {
      extendedTextMessage: {
        text: 'x',
        contextInfo: { stanzaId: 'x'.repeat(1_000_000), mentionedJid: ['x'.repeat(9_999)] },
      },
    },
  ]) {
    const fact = toFact(message(content, 'M', { pushName: 'x'.repeat(1_000_000) }), identities)
    const told = JSON.stringify(fact, (name, value: unknown) => (name === 'raw' ? undefined : value))
    expect(told.length, told.slice(0, 200)).toBeLessThan(210_000)
    expect(told).not.toMatch(/\+\d{6}-|:null/)
  }
})

test('what is too large to be kept whole is shown all the same', () => {
  const shown = parseContent(
    proto.Message.fromObject({ imageMessage: { caption: 'c', jpegThumbnail: Buffer.alloc(2e6) } }),
  )
  expect(shown).toMatchObject({ type: 'image', text: 'c' })
  expect(shown?.raw).toBeUndefined()
})
