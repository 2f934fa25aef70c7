// What a file is, by its bytes. What they do not tell (texts, office files inside a zip) is what its giver says.
import { fileTypeFromBuffer } from 'file-type/core'

/** How much of the head is looked at, bytes. */
export const headBytes = 64 * 1024
const wellFormed = /^[a-z]+\/[a-z0-9][a-z0-9.+-]{0,100}(?:; ?codecs=[a-z0-9.,-]{1,40})?$/
/** They hold other things, and the bytes do not always say which. */
const containers = new Set(['application/zip', 'application/x-cfb', 'application/xml', 'application/gzip'])

/** Never a type of picture, sound or film that the bytes do not bear out. */
export async function toMimetype(head: Uint8Array, given: string | undefined): Promise<string> {
  const found = (await fileTypeFromBuffer(head).catch(() => undefined))?.mime
  const said = given?.toLowerCase().trim()
  const isCredible = said !== undefined && wellFormed.test(said) && !/^(?:image|video|audio)\//.test(said)
  if (found !== undefined && !containers.has(found)) return found
  return isCredible ? said : (found ?? 'application/octet-stream')
}
