// A link on its way from one installation to another: gzip, then AES-256-GCM under a key that scrypt makes of a passphrase.
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import * as v from 'valibot'
import { Problem } from '../model/problem.ts'

const version = 1
/** One of the settings that OWASP's password storage cheat sheet holds for equal (2024); the one that takes 32 MB. */
const cost = { N: 32_768, r: 8, p: 3 }
const maxmem = 64 * 1_048_576
/** What a bundle may grow to when it is unpacked, bytes. */
const maxPlainBytes = 256 * 1_048_576

const Base64 = v.pipe(v.string(), v.base64('must be base64'))
const Fixed = <const T extends string | number>(value: T) => v.literal(value, `must be ${value}`)

/** The form of a bundle of a version we know; its head is authenticated with what it holds. */
const Head = v.strictObject({
  format: Fixed('wastream-session'),
  version: Fixed(version),
  kdf: v.strictObject({ name: Fixed('scrypt'), N: Fixed(cost.N), r: Fixed(cost.r), p: Fixed(cost.p), salt: Base64 }),
  cipher: v.strictObject({ name: Fixed('aes-256-gcm'), iv: Base64 }),
  compression: Fixed('gzip'),
})
const Sealed = v.strictObject({ ...Head.entries, data: Base64 })
export type Bundle = v.InferOutput<typeof Sealed>

const Text = v.pipe(v.string(), v.minLength(2))
const KeyName = v.pipe(v.string(), v.regex(/^[a-z][a-z-]{0,63}$/))
const BundleContent = v.strictObject({
  sandbox: v.boolean(),
  name: v.optional(v.pipe(v.string(), v.maxLength(100))),
  creds: Text,
  keys: v.array(v.strictObject({ type: KeyName, id: v.pipe(v.string(), v.maxLength(1_000)), json: Text })),
})
export type BundleContent = v.InferOutput<typeof BundleContent>

const pack = promisify(gzip)
const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)
const tagBytes = 16

function deriveKey(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, 32, { ...cost, maxmem }, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}

const toAad = (head: v.InferOutput<typeof Head>) =>
  Buffer.from(JSON.stringify([head.format, head.version, head.kdf.salt, head.cipher.iv, head.compression]))

export async function sealBundle(content: BundleContent, passphrase: string): Promise<Bundle> {
  const [salt, iv] = [randomBytes(16), randomBytes(12)]
  const head = {
    format: 'wastream-session' as const,
    version: version as 1,
    kdf: { name: 'scrypt' as const, ...cost, salt: salt.toString('base64') } as Bundle['kdf'],
    cipher: { name: 'aes-256-gcm' as const, iv: iv.toString('base64') },
    compression: 'gzip' as const,
  }
  const cipher = createCipheriv('aes-256-gcm', await deriveKey(passphrase, salt), iv)
  cipher.setAAD(toAad(head))
  const body = cipher.update(await pack(JSON.stringify(content)))
  cipher.final()
  return { ...head, data: Buffer.concat([body, cipher.getAuthTag()]).toString('base64') }
}

/** Throws `bundle.unsupported`, or `bundle.invalid`, always in the same words: nothing says how near a guess was. */
export async function openBundle(given: unknown, passphrase: string): Promise<BundleContent> {
  const seen = v.safeParse(v.object({ format: v.literal('wastream-session'), version: v.number() }), given)
  if (seen.success && seen.output.version !== version) throw new Problem('bundle.unsupported')
  const parsed = v.safeParse(Sealed, given)
  if (!parsed.success) throw new Problem('bundle.invalid')
  const bundle = parsed.output
  try {
    const key = await deriveKey(passphrase, Buffer.from(bundle.kdf.salt, 'base64'))
    const data = Buffer.from(bundle.data, 'base64')
    const iv = Buffer.from(bundle.cipher.iv, 'base64')
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
    decipher.setAAD(toAad(bundle))
    decipher.setAuthTag(data.subarray(data.length - tagBytes))
    const packed = Buffer.concat([decipher.update(data.subarray(0, data.length - tagBytes)), decipher.final()])
    const plain = await unpack(packed, { maxOutputLength: maxPlainBytes })
    return v.parse(BundleContent, JSON.parse(plain.toString('utf8')))
  } catch {
    // Its cause would tell of what it holds.
    throw new Problem('bundle.invalid')
  }
}

const Creds = v.object({ me: v.object({ id: v.pipe(v.string(), v.maxLength(100)), lid: v.optional(v.string()) }) })

/** The account's device that these credentials are of. Throws `bundle.invalid` when they are of none. */
export function deviceOf(creds: string): { id: string; lid: string | undefined } {
  try {
    const { me } = v.parse(Creds, JSON.parse(creds))
    return { id: me.id, lid: me.lid }
  } catch {
    throw new Problem('bundle.invalid')
  }
}
