// Where a key stands in a request: `Authorization: Bearer <key>` or `X-API-Key: <key>`.

/** `undefined` when neither header carries one. */
export function readToken(header: (name: string) => string | null | undefined): string | undefined {
  const authorization = header('authorization')
  if (authorization) {
    const match = /^bearer +(\S+) *$/i.exec(authorization)
    if (match) return match[1]
  }
  return header('x-api-key')?.trim() || undefined
}
