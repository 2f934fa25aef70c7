// Which events a reader asks for: `message.received`, `message.*` or `*`. The same words everywhere.
import * as v from 'valibot'
import { TypePattern } from './event.ts'

export const TypePatterns = v.pipe(v.array(TypePattern), v.maxLength(100))
