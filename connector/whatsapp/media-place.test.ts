// Where a file is fetched from, whatever its sender writes.
import { expect, test } from 'vitest'
import { toMediaUrl } from './media-place.ts'

const own = 'https://mmg.whatsapp.net'

test("the host is WhatsApp's, or the sandbox's, never one that a message names", () => {
  const path = '/v/t62/x.enc?ccb=11-4&oh=01_Q5&_nc_sid=5e03e0&mms3=true'
  expect(toMediaUrl({}, { directPath: path })).toBe(own + path)
  expect(toMediaUrl({}, { directPath: path, url: `https://media-eze1-1.cdn.whatsapp.net${path}` })).toBe(
    `https://media-eze1-1.cdn.whatsapp.net${path}`,
  )
  for (const url of [
    'https://127.0.0.1/v/x',
    'https://whatsapp.net.evil.example/v/x',
    'https://evilwhatsapp.net/v/x',
    'http://media.whatsapp.net/v/x',
    'https://media.whatsapp.net:8443/v/x',
    'file:///etc/passwd',
  ])
    expect(new URL(toMediaUrl({}, { directPath: path, url }) ?? '').host, url).toBe('mmg.whatsapp.net')
  expect(toMediaUrl({ host: 'localhost:1' }, { directPath: path, url: own })).toBe(`https://localhost:1${path}`)
})

test('no path changes the host in front of it', () => {
  for (const directPath of [
    '@127.0.0.1/x',
    '.evil.example/x',
    ':8080/x',
    'x',
    '/a b',
    '/a\\b',
    '/\u0000',
    `/${'a'.repeat(3_000)}`,
    '',
  ])
    expect(toMediaUrl({}, { directPath }), directPath).toBeUndefined()
  expect(new URL(toMediaUrl({}, { directPath: '//127.0.0.1/x' }) ?? '').host).toBe('mmg.whatsapp.net')
})
