// Which LID and which phone number are one person, as the key store is told: the one place where every mapping passes.
import { createHash } from 'node:crypto'
import { toLidJid, toPhoneJid } from '../../shared/model/jid.ts'
import type { Jids } from './facts.ts'
import type { KeyMemory } from './keys/key-memory.ts'

/** rc14 keeps `pnUser → lidUser` and `lidUser_reverse → pnUser` (Signal/lid-mapping.js). */
const reverse = '_reverse'

/** The pairs among what is written or kept under `lid-mapping`. */
export function toLidPairs(mappings: Iterable<[string, unknown]>): Jids[] {
  const pairs: Jids[] = []
  for (const [id, value] of mappings)
    if (id.endsWith(reverse) && typeof value === 'string')
      pairs.push([toLidJid(id.slice(0, -reverse.length)), toPhoneJid(value)])
  return pairs
}

/** Every pair that is known, and a mark that is another when one of them is. */
export function readLidPairs(memory: Pick<KeyMemory, 'entries'>): { pairs: Jids[]; mark: string } {
  const pairs = toLidPairs(memory.entries('lid-mapping'))
  const text = pairs.map((pair) => pair.join()).sort()
  return { pairs, mark: createHash('sha256').update(text.join('\n')).digest('base64') }
}
