// The certificate of the sandbox's media server: minted once per data folder, by an authority whose key is thrown away
// at once, so that it can never vouch for anything else. Only sandbox sessions are to trust it.
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import forge from 'node-forge'

export type Certificates = {
  /** PEM; public. */
  ca: string
  cert: string
  key: string
}

const YEARS = 10
/** The last one is the host of history blobs, for clients that lead that name here instead of to `mediaUrl`. */
const NAMES = ['localhost', 'mmg.whatsapp.net']
const ADDRESSES = ['127.0.0.1', '::1']
const RENEW_BEFORE_MS = 30 * 86_400_000

const newKeys = () => {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  return { ...pair, public: forge.pki.publicKeyFromPem(pair.publicKey) }
}

/** 16 bytes, hex. A first byte from 01 to 7F keeps the number positive and without padding, which OpenSSL refuses. */
export const toSerial = (random: Buffer): string => {
  const bytes = Buffer.from(random)
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f)
  return bytes.toString('hex')
}

const newCertificate = (commonName: string, issuerName: string, publicKey: forge.pki.PublicKey) => {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = publicKey
  certificate.serialNumber = toSerial(randomBytes(16))
  certificate.validity.notBefore = new Date(Date.now() - 86_400_000)
  certificate.validity.notAfter = new Date(Date.now() + YEARS * 365 * 86_400_000)
  certificate.setSubject([{ name: 'commonName', value: commonName }])
  certificate.setIssuer([{ name: 'commonName', value: issuerName }])
  return certificate
}

const mint = (): Certificates => {
  const authorityName = `wastream sandbox ${randomBytes(4).toString('hex')}`
  const authorityKeys = newKeys()
  const signer = forge.pki.privateKeyFromPem(authorityKeys.privateKey)
  const authority = newCertificate(authorityName, authorityName, authorityKeys.public)
  authority.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
  ])
  authority.sign(signer, forge.md.sha256.create())
  const keys = newKeys()
  const own = newCertificate('localhost', authorityName, keys.public)
  own.setExtensions([
    { name: 'basicConstraints', cA: false },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: [...NAMES.map((value) => ({ type: 2, value })), ...ADDRESSES.map((ip) => ({ type: 7, ip }))],
    },
  ])
  own.sign(signer, forge.md.sha256.create())
  return { ca: forge.pki.certificateToPem(authority), cert: forge.pki.certificateToPem(own), key: keys.privateKey }
}

const validTo = (pem: string): number => Date.parse(new X509Certificate(pem).validTo)

/**
 * From `<dir>/media-certificate.json` (mode 600); minted when there is none, when it ends soon, or when one of the two
 * cannot be read: OpenSSL passes over an authority that it cannot read, and nobody would trust the server.
 */
export const openCertificates = (dir: string): Certificates => {
  const path = join(dir, 'media-certificate.json')
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as Certificates
    if (Math.min(validTo(found.cert), validTo(found.ca)) - Date.now() > RENEW_BEFORE_MS) return found
  } catch {
    // None yet, or one that cannot be read: another is as good.
  }
  const minted = mint()
  const draft = `${path}.draft`
  writeFileSync(draft, JSON.stringify(minted), { mode: 0o600 })
  renameSync(draft, path)
  return minted
}
