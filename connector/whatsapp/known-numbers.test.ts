import { expect, test } from 'vitest'
import { createKnownNumbers } from './known-numbers.ts'

/** WhatsApp, on which these numbers are. */
function openNumbers(present: string[]) {
  const asked: string[][] = []
  const clock = { nowMs: 0 }
  const numbers = createKnownNumbers(
    (...phones) => {
      asked.push(phones)
      const jids = phones.filter((phone) => present.includes(phone)).map((phone) => `${phone}@s.whatsapp.net`)
      return Promise.resolve(jids.map((jid) => ({ jid, exists: true })))
    },
    () => clock.nowMs,
  )
  return { numbers, asked, present, clock }
}

test('who is on WhatsApp is asked once an hour, who is not once a minute', async () => {
  const { numbers, asked, present, clock } = openNumbers(['1'])
  expect([...(await numbers.among(['1', '2']))]).toEqual(['1'])
  expect([...(await numbers.among(['2', '1']))]).toEqual(['1'])
  expect(asked).toEqual([['1', '2']])
  present.push('2')
  clock.nowMs += 61_000
  expect([...(await numbers.among(['1', '2']))]).toEqual(['1', '2'])
  expect(asked).toEqual([['1', '2'], ['2']])
  clock.nowMs += 3_600_000
  await numbers.among(['1'])
  expect(asked.at(-1)).toEqual(['1'])
})

test('without an answer nobody is taken for absent, and nothing is remembered', async () => {
  let answers = 0
  const numbers = createKnownNumbers(() => Promise.resolve((answers += 1) === 1 ? undefined : []))
  expect([...(await numbers.among(['1']))]).toEqual(['1'])
  expect([...(await numbers.among(['1']))]).toEqual([])
})
