// What a page says of itself, for a preview beside its address: from a public address only, little of it, and not for long.
import { Parser } from 'htmlparser2'
import type { LinkPreview } from '../../../shared/model/content.ts'
import type { Outside } from '../../outside/open-outside.ts'
import { follow } from './fetch-from-address.ts'

/** Pages name themselves in their head. */
const maxBytes = 512 * 1024
const wholeMs = 5_000
const longestTitle = 300
const longestDescription = 1_000

/** The first address in a text, without what a sentence puts behind it. */
export function findAddress(text: string): string | undefined {
  const found = /https?:\/\/[^\s<>"']{1,2000}/i.exec(text)?.[0].replace(/[.,;:!?)\]}»”]+$/, '')
  return found !== undefined && URL.canParse(found) ? found : undefined
}

/** `undefined`: no page, none that says its name, or none that may be asked. */
export async function previewPage(
  outside: Pick<Outside, 'vet' | 'dispatcher'>,
  url: string,
  signal: AbortSignal,
): Promise<LinkPreview | undefined> {
  try {
    const ends = AbortSignal.any([signal, AbortSignal.timeout(wholeMs)])
    const { answer } = await follow({ outside, maxBytes: Infinity }, url, ends)
    try {
      if (!/^text\/html\b/i.test(answer.header('content-type') ?? '')) return undefined
      return await readHead(answer.body, url)
    } finally {
      answer.body.destroy()
    }
  } catch {
    // The message goes without it: a page that does not answer is no fault of the message.
    signal.throwIfAborted()
    return undefined
  }
}

async function readHead(body: AsyncIterable<Buffer>, url: string): Promise<LinkPreview | undefined> {
  const said = new Map<string, string>()
  let inTitle = false
  const parser = new Parser({
    onopentag(name, { property, name: called, content }) {
      inTitle = name === 'title'
      const about = (property ?? called)?.toLowerCase()
      if (name === 'meta' && about !== undefined && content) said.set(about, content)
    },
    ontext: (text) => void (inTitle && said.set('title', (said.get('title') ?? '') + text)),
    onclosetag: () => void (inTitle = false),
  })
  const decoder = new TextDecoder()
  let read = 0
  for await (const piece of body) {
    parser.write(decoder.decode(piece, { stream: true }))
    read += piece.length
    if (read >= maxBytes) break
  }
  parser.end()
  const title = inOneLine(said.get('og:title') ?? said.get('title'), longestTitle)
  const description = inOneLine(said.get('og:description') ?? said.get('description'), longestDescription)
  return title === '' ? undefined : { url, title, ...(description === '' ? {} : { description }) }
}

const inOneLine = (text: string | undefined, longest: number): string =>
  (text ?? '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, longest)
