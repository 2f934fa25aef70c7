// What a message can be found by: its words, folded by us, so that a search is the same on every MongoDB.
import type { ShownContent } from './content.ts'
import { fold } from './fold.ts'

const longestText = 10_000
const longestToken = 40
const mostTokens = 100

/** Scripts that are written without spaces between words: found by pairs of characters. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u

/** Without case and accents; letters and digits only. Each once, in the order of the text, at most 100 of at most 40 characters. */
export function toTextTokens(text: string): string[] {
  const tokens = new Set<string>()
  for (const [word] of fold(text, longestText).matchAll(/[\p{L}\p{N}]+/gu)) {
    if (tokens.size >= mostTokens) break
    for (const token of unspaced.test(word) ? toPairs(word) : [word.slice(0, longestToken)]) tokens.add(token)
  }
  return [...tokens].slice(0, mostTokens)
}

function toPairs(word: string): string[] {
  const letters = Array.from(word)
  return letters.length === 1 ? letters : letters.slice(1).map((letter, i) => `${letters[i]}${letter}`)
}

/** Whatever of a message people would look for. */
export function toTokens(content: ShownContent): string[] {
  const { text, location, contacts, poll, event, media, linkPreview } = content
  const words = [
    text,
    location?.name,
    location?.address,
    poll?.question,
    ...(poll?.options ?? []),
    event?.name,
    event?.description,
    linkPreview?.title,
    media?.fileName,
    ...(contacts ?? []).flatMap(({ name, phones }) => [name, ...phones]),
  ]
  return toTextTokens(words.filter((word) => word !== undefined).join(' '))
}
