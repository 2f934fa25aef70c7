// What a page says of itself, for a preview beside its address: from public addresses only, little of it, and not for long.
import { Parser } from 'htmlparser2'
import type { LinkPreview, PicturedPreview } from '../../../shared/model/content.ts'
import type { Outside } from '../../outside/open-outside.ts'
import { follow } from './fetch-from-address.ts'
import { previewPicture } from './preview-picture.ts'

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
): Promise<PicturedPreview | undefined> {
  try {
    const head = await askPage(outside, url, AbortSignal.any([signal, AbortSignal.timeout(wholeMs)]))
    if (!head) return undefined
    const { pictureUrl, ...preview } = head
    const picture = pictureUrl === undefined ? undefined : await previewPicture(outside, pictureUrl, signal)
    return { ...preview, ...(picture ? { picture } : {}) }
  } catch {
    // The message goes without it: a page that does not answer is no fault of the message.
    signal.throwIfAborted()
    return undefined
  }
}

type Head = LinkPreview & { pictureUrl?: string }

/**
 * Looks at tags one by one. What stands open is of no interest here, and a list of it costs the square of its length: a
 * stranger's page of nothing but opened tags would keep the process busy for seconds.
 */
class FlatParser extends Parser {
  /** What is void is not kept open. Only the title has an inside that matters, and it holds no other tag. */
  override isVoidElement(name: string): boolean {
    return name !== 'title'
  }
}

async function askPage(outside: Pick<Outside, 'vet' | 'dispatcher'>, url: string, signal: AbortSignal) {
  const { answer, url: found } = await follow({ outside, maxBytes: Infinity }, url, signal)
  try {
    if (!/^text\/html\b/i.test(answer.header('content-type') ?? '')) return undefined
    return await readHead(answer.body, url, found)
  } finally {
    answer.body.destroy()
  }
}

/** `found`: where the page lies after all redirects, which is what its picture's address starts from. */
async function readHead(body: AsyncIterable<Buffer>, url: string, found: string): Promise<Head | undefined> {
  const said = new Map<string, string>()
  let inTitle = false
  const parser = new FlatParser({
    onopentag(name, { property, name: called, content }) {
      inTitle = name === 'title'
      const about = (property ?? called)?.toLowerCase()
      // Of several pictures the first is the one that is meant.
      if (name === 'meta' && about !== undefined && content && !(about === 'og:image' && said.has(about)))
        said.set(about, content)
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
  if (title === '') return undefined
  const picture = said.get('og:image')?.trim()
  const pictureUrl = picture !== undefined && URL.canParse(picture, found) ? new URL(picture, found).href : undefined
  return {
    url,
    title,
    ...(description === '' ? {} : { description }),
    ...(pictureUrl === undefined ? {} : { pictureUrl }),
  }
}

const inOneLine = (text: string | undefined, longest: number): string =>
  (text ?? '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, longest)
