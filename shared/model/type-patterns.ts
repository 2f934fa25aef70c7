// Which events a reader asks for: `message.received`, `message.*` or `*`. The same words everywhere.
import * as v from 'valibot'

export const TypePatterns = v.pipe(
  v.array(v.pipe(v.string(), v.regex(/^(\*|[a-z_]+\.(\*|[a-z_]+))$/, 'must be a type, noun.* or *'))),
  v.maxLength(100),
)
