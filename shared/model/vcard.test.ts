import { expect, test } from 'vitest'
import { toContactCard, toVcard } from './vcard.ts'

test('a given text stays inside its value: no line, no second value', () => {
  const card = toVcard({ name: 'Eva;\\ Ruiz,\r\nTEL:+1', phones: ['34600000001'], organization: 'a\nEND:VCARD' })
  expect(card.split('\n')).toEqual([
    'BEGIN:VCARD',
    'VERSION:3.0',
    'N:;Eva\\;\\\\ Ruiz\\,\\nTEL:+1;;;',
    'FN:Eva\\;\\\\ Ruiz\\,\\nTEL:+1',
    'ORG:a\\nEND:VCARD',
    'TEL;type=CELL;waid=34600000001:+34600000001',
    'END:VCARD',
  ])
  expect(toContactCard('Eva', card).phones, 'what we write we read').toEqual(['34600000001'])
})

test('numbers of a card: the one on WhatsApp first, each once, however they are written', () => {
  const vcard = [
    'BEGIN:VCARD',
    'item1.TEL;type=CELL;waid=5491155550000:+54 9 11 5555-0000',
    'TEL;TYPE=work:(0049) 30 901820',
    'tel:+54 9 11 5555-0000',
    'NOTE:TEL:+1 555 000 0000',
    'TEL:no number',
  ].join('\r\n')
  expect(toContactCard(null, vcard)).toEqual({ name: '', phones: ['5491155550000', '004930901820'], vcard })
})

test('a card that is none, or is huge, is kept and costs no more than its length', () => {
  expect(toContactCard('x', '')).toEqual({ name: 'x', phones: [], vcard: '' })
  const many = Array.from({ length: 10_000 }, (_, i) => `TEL:+34${600_000_000 + i}`).join('\n')
  expect(toContactCard('x', many).phones).toHaveLength(100)
})
