// Where media lies and how one gets there: WhatsApp's own hosts, or a sandbox's, which alone is trusted by its own
// certificate. A message says where its file lies, and whoever wrote it is a stranger: only these hosts are asked.
import type { Agent as HttpAgent } from 'node:http'
import type { WayOut } from '../outside/get-outside.ts'

export type MediaPlace = {
  /** Absent: WhatsApp's own. */
  host?: string
  /** Absent: the process's own. */
  dispatcher?: WayOut
  /** For uploads, which go through Node's own client. Absent: the default one. */
  agent?: HttpAgent
  /** For parts of a history and of the app state, which rc14 always fetches from WhatsApp's own host. Absent: straight. */
  blobs?: WayOut
}

/** Where files lie of which nothing else is said. */
export const ownHost = 'mmg.whatsapp.net'
const ownHosts = /^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})?\.whatsapp\.net$/
/** A path and its query, nothing that could change the host in front of it. */
const pathPattern = /^\/[A-Za-z0-9_\-./%~+:,;=&?!*'()@$]{1,2000}$/

/** `undefined` when the message names no file that may be fetched. */
export function toMediaUrl(
  place: Pick<MediaPlace, 'host'>,
  part: { directPath?: string | null | undefined; url?: string | null | undefined },
): string | undefined {
  const stated = part.url && URL.canParse(part.url) ? new URL(part.url) : undefined
  const path = part.directPath || (stated && `${stated.pathname}${stated.search}`)
  if (!path || !pathPattern.test(path)) return undefined
  const named = stated?.protocol === 'https:' && stated.port === '' && ownHosts.test(stated.hostname)
  return `https://${place.host ?? (named ? stated.hostname : ownHost)}${path}`
}
