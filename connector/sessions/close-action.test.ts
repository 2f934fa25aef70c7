import { expect, test } from 'vitest'
import { toBackOffMs, toCloseAction } from './close-action.ts'

test.each([
  [515, true, 'reconnect'],
  [428, true, 'back-off'],
  [408, true, 'back-off'],
  [503, true, 'back-off'],
  [500, true, 'back-off'],
  [405, true, 'back-off'],
  [0, true, 'back-off'],
  [408, false, 'back-off'],
  [440, true, 'replaced'],
  [401, true, 'logged-out'],
  [401, false, 'pair-again'],
  [403, true, 'stop'],
  [411, true, 'stop'],
  [418, true, 'stop'],
])('close code %i of a session that is linked: %s → %s', (code, linked, act) => {
  expect(toCloseAction({ code, reason: 'gone' }, linked).act).toBe(act)
})

test('codes that nobody has scanned end the linking; a server that cannot be reached does not', () => {
  const unscanned = { code: 408, reason: 'QR refs attempts ended (timedOut)' }
  expect(toCloseAction(unscanned, false)).toMatchObject({ act: 'stop', reason: 'QR expired' })
  expect(toCloseAction({ code: 408, reason: 'WebSocket Error (getaddrinfo ENOTFOUND)' }, false).act).toBe('back-off')
})

test('waits grow from one second to five minutes and are spread over half of it', () => {
  expect([toBackOffMs(0, 0), toBackOffMs(0, 1)]).toEqual([500, 1_000])
  expect(toBackOffMs(3, 1)).toBe(8_000)
  expect(toBackOffMs(50, 1)).toBe(300_000)
})
