import './silence-libsignal.ts'
import { expect, test } from 'vitest'
import { parseContent } from './content.ts'

test('a live location is a location that says so', () => {
  const message = { liveLocationMessage: { degreesLatitude: 1.5, degreesLongitude: 2.5, caption: 'on my way' } }
  expect(parseContent(message)).toMatchObject({
    type: 'location',
    location: { latitude: 1.5, longitude: 2.5, isLive: true },
  })
})

test('what a stranger leaves out or overdoes stops nobody', () => {
  expect(parseContent({ locationMessage: {} })).toMatchObject({ location: { latitude: 0, longitude: 0 } })
  expect(parseContent({ contactMessage: {} })).toMatchObject({ contacts: [{ name: '', phones: [] }] })
  expect(parseContent({ pollCreationMessageV3: {} })).toMatchObject({
    poll: { question: '', options: [], selectable: 0 },
  })
  const contacts = Array.from({ length: 10_000 }, () => ({ displayName: 'x', vcard: 'TEL:+34600000001' }))
  expect(parseContent({ contactsArrayMessage: { contacts } })?.contacts).toHaveLength(500)
})

test('a wrapped one is what it wraps', () => {
  const poll = { name: 'q', options: [{ optionName: 'a' }, { optionName: 'b' }], selectableOptionsCount: 1 }
  expect(parseContent({ ephemeralMessage: { message: { pollCreationMessageV3: poll } } })).toMatchObject({
    type: 'poll',
    poll: { question: 'q', options: ['a', 'b'], selectable: 1 },
  })
})
