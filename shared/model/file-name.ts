// File names that others chose: kept for people to read, harmless wherever they are shown or saved.

/** Control characters, halves of characters, and what turns the direction of text (`exe.gpj` shown as `jpg.exe`). */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu
const longest = 200

/** Without a path and without characters that deceive; `undefined` when nothing is left of it. The ending survives a cut. */
export function toFileName(given: string | null | undefined): string | undefined {
  const name = (given ?? '')
    .slice(0, 4_000)
    .replace(hidden, '')
    .replace(/[\\/:*?"<>|]/g, '_')
    .trim()
    .replace(/^\.+/, '')
  if (name === '') return undefined
  if (name.length <= longest) return name
  const ending = /\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? ''
  return `${name.slice(0, longest - ending.length).replace(hidden, '')}${ending}`
}
