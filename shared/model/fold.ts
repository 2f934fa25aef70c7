// One form for all the ways of writing a word: what is searched for and what is found are compared by it.

/** Without case and accents, compatibility forms made plain (Unicode NFKD); at most so many characters are read. */
export function fold(text: string, longest: number): string {
  return text.slice(0, longest).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}
