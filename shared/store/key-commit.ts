// A row of the key log: values of Baileys' key store as JSON texts, packed so that a large one is never escaped twice.

/** A value as it is stored: JSON with Baileys' own notation for bytes, or `null` for deleted. */
export type Encoded = Map<string, { type: string; id: string; json: string | null }>

/** Later entries win. */
export function mergeEncoded(into: Encoded, later: Encoded): void {
  for (const [place, entry] of later) {
    into.delete(place)
    into.set(place, entry)
  }
}

/** One row's body: a JSON header with lengths, a newline, then the values end to end. */
export function packEncoded(encoded: Encoded): Uint8Array {
  const bodies: Buffer[] = []
  const header: [string, string, number][] = []
  for (const { type, id, json } of encoded.values()) {
    if (json === null) header.push([type, id, -1])
    else {
      const body = Buffer.from(json)
      header.push([type, id, body.length])
      bodies.push(body)
    }
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...bodies])
}

export function unpackEncoded(bytes: Uint8Array): Encoded {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = buffer.indexOf(10)
  const header = JSON.parse(buffer.toString('utf8', 0, end)) as [string, string, number][]
  const encoded: Encoded = new Map()
  let at = end + 1
  for (const [type, id, length] of header) {
    const json = length < 0 ? null : buffer.toString('utf8', at, at + length)
    encoded.set(`${type}\n${id}`, { type, id, json })
    if (length > 0) at += length
  }
  return encoded
}
