// The media host's certificate can be read by whoever is to trust it, whatever number it drew.
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openCertificates, toSerial } from './certificates.ts'

test.each(['00', '007f', '0000', '7f', '80', 'ff'])('a number that begins with %s is a valid one', (start) => {
  const serial = toSerial(Buffer.from(start.padEnd(32, '0'), 'hex'))
  expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/)
})

test('an authority that cannot be read is not kept: another pair is minted, and one vouches for the other', () => {
  const dir = mkdtempSync(join(tmpdir(), 'certificates-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const first = openCertificates(dir)
  expect(openCertificates(dir), 'a good one is kept').toEqual(first)
  const path = join(dir, 'media-certificate.json')
  const { ca, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as typeof first
  writeFileSync(path, JSON.stringify({ ...rest, ca: ca.replace(/\n[^-]{20}/, `\n${'A'.repeat(20)}`) }))
  const second = openCertificates(dir)
  expect(second.cert).not.toBe(first.cert)
  expect(new X509Certificate(second.cert).verify(new X509Certificate(second.ca).publicKey)).toBe(true)
})
