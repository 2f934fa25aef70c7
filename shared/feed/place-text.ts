// A whole cursor as one line of text: `ses1:120,team:9`. What SSE carries as `id`, and gets back as `Last-Event-ID`.
/** Longest cursor that is given out, characters: it travels in a header, and servers take 16 kB of those in all. */
export const longestPlaceText = 8_000

const pattern = /^[A-Za-z0-9_-]{1,64}:\d{1,15}(?:,[A-Za-z0-9_-]{1,64}:\d{1,15})*$/

export function formatPlace(place: ReadonlyMap<string, number>): string {
  return [...place].map(([stream, seq]) => `${stream}:${seq}`).join(',')
}

/** `undefined` when it is none. */
export function parsePlace(text: string): Map<string, number> | undefined {
  if (text.length > longestPlaceText * 2 || !pattern.test(text)) return undefined
  return new Map(
    text.split(',').map((part) => {
      const colon = part.indexOf(':')
      return [part.slice(0, colon), Number(part.slice(colon + 1))] as const
    }),
  )
}
