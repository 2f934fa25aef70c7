// What a list can be searched by: every beginning of every word of a name, folded, so that a search is one index lookup.
import { fold } from './fold.ts'

const longestToken = 15
const mostWords = 12
const longestName = 500

/** Words without case and accents: `Peña-Núñez` → `pena`, `nunez`. At most 12. */
export function toWords(text: string): string[] {
  return fold(text, longestName)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .slice(0, mostWords)
}

/** Beginnings of 1 to 15 characters; a longer word is found by its first 15. */
export function toNameTokens(name: string): string[] {
  const tokens = toWords(name).flatMap((word) => {
    const letters = Array.from(word).slice(0, longestToken)
    return letters.map((_, i) => letters.slice(0, i + 1).join(''))
  })
  return [...new Set(tokens)]
}

/** The tokens that a chat must have to be found by `query`; none = the query has no word. */
export function toQueryTokens(query: string): string[] {
  return [...new Set(toWords(query).map((word) => Array.from(word).slice(0, longestToken).join('')))]
}
