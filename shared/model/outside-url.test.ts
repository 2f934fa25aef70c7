import { expect, test } from 'vitest'
import { findUrlFault, isForbiddenAddress } from './outside-url.ts'

const forbiddenHosts = [
  '127.0.0.1',
  '127.1',
  '2130706433', // 127.0.0.1 as one number
  '0177.0.0.1', // octal
  '0x7f.0.0.1', // hex
  '0x7f000001',
  '0.0.0.0',
  '0',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254', // metadata of most clouds
  '100.100.100.200', // metadata, in the range of carrier-grade NAT
  '100.64.0.1',
  '168.63.129.16', // Azure's own
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '203.0.113.7', // documentation
  '[::]',
  '[::1]',
  '[::127.0.0.1]', // IPv4-compatible
  '[::ffff:127.0.0.1]', // IPv4-mapped
  '[::ffff:a9fe:a9fe]',
  '[64:ff9b::7f00:1]', // NAT64
  '[64:ff9b:1::a00:1]', // NAT64, local
  '[2002:7f00:1::]', // 6to4
  '[2001:0:7f00:1::]', // Teredo
  '[fc00::1]',
  '[fd00:ec2::254]', // metadata over IPv6
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[2001:db8::1]',
  'localhost',
  'localhost.',
  'a.localhost',
  'printer.local',
  'metadata.google.internal',
  'router.home.arpa',
  'intranet',
]

test.each(forbiddenHosts)('%s is refused', (host) => {
  expect(findUrlFault(`https://${host}/hook`, { allowPrivate: false })).toMatch(/^must /)
  expect(findUrlFault(`http://${host}:8080/hook`, { allowPrivate: true })).toBeUndefined()
})

test.each([
  'http://example.com/hook',
  'ftp://example.com/hook',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'https://user:secret@example.com/hook',
  'https://user@example.com/hook',
  'https://example.com/hook#part',
  'https://',
  'example.com/hook',
  '',
  `https://example.com/${'x'.repeat(2_000)}`,
])('%s is refused', (url) => {
  expect(findUrlFault(url, { allowPrivate: false })).toMatch(/^must /)
})

test.each([
  'https://example.com/hook',
  'https://1.1.1.1/',
  'https://[2606:4700::1111]:8443/x?y=z',
  'https://xn--bcher-kva.example/',
])('%s may be called', (url) => {
  expect(findUrlFault(url, { allowPrivate: false })).toBeUndefined()
})

test('what is no address is forbidden', () => {
  for (const text of ['', 'example.com', 'fe80::1%eth0']) expect(isForbiddenAddress(text)).toBe(true)
  expect(isForbiddenAddress('93.184.216.34')).toBe(false)
})
