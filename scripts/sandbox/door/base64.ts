// Bytes in a body, of whatever length: valibot's own check overflows the stack from 5 MB on (1.5.0, observed 2026-11).
import * as v from 'valibot'

export const Base64 = v.pipe(
  v.string(),
  v.check((text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), 'expected base64'),
)
