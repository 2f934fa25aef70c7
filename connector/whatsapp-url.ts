// Where a session connects: WhatsApp's own address, the one in WHATSAPP_URL, or what a sandbox's door names.
import type { Agent } from 'node:http'
import { LRUCache } from 'lru-cache'
import * as v from 'valibot'
import { createOutage, type Outage } from '../shared/log/outage.ts'
import { leadTo } from './outside/lead-to.ts'
import { openProxy, type Proxy } from './outside/open-proxy.ts'
import { openTrusting, type Trusting } from './outside/open-trusting.ts'
import { ownHost, type MediaPlace } from './whatsapp/media-place.ts'
import type { OutsideRules } from '../shared/model/outside-url.ts'
import type { Session } from '../shared/model/session.ts'

const Door = v.object({
  wsUrl: v.pipe(v.string(), v.regex(/^wss?:\/\//)),
  mediaUrl: v.nullish(v.pipe(v.string(), v.regex(/^https:\/\/[^/]+$/))),
  ca: v.nullish(v.string()),
})
const doorTimeoutMs = 5_000

export type WhatsappUrlOptions = {
  whatsappUrl: string | undefined
  sandboxUrl: string | undefined
  /** The way to WhatsApp's own media hosts. */
  whatsappPlace: MediaPlace
  /** Of the addresses of proxies. */
  rules: OutsideRules
  log: Parameters<typeof createOutage>[0]
}

/** Sessions mostly share a few. */
const maxProxies = 500

export function createWhatsappUrl({ whatsappUrl, sandboxUrl, whatsappPlace, rules, log }: WhatsappUrlOptions) {
  const outage: Outage = createOutage(log, {
    away: 'no sandbox answers at SANDBOX_URL; sandbox sessions wait for it, others do not need it',
    back: 'the sandbox answers again',
  })

  let trusting: (Trusting & { ca: string }) | undefined
  /** By their address and the authority they trust. What is under way over one that goes may end. */
  const proxies = new LRUCache<string, Proxy>({ max: maxProxies })

  /** Throws AddressForbidden. */
  function proxyOf({ settings, sandbox }: Session): Proxy | undefined {
    if (typeof settings.proxyUrl !== 'string') return undefined
    const ca = sandbox ? trusting?.ca : undefined
    const name = `${settings.proxyUrl} ${ca ?? ''}`
    const proxy = proxies.get(name) ?? openProxy(settings.proxyUrl, { ...rules, ca })
    proxies.set(name, proxy)
    return proxy
  }
  let sandboxPlace: MediaPlace | undefined

  /** The sandbox's own authority, for sandbox sessions and nobody else. */
  function trust(host: string, ca: string): void {
    // What is still under way over an earlier one may end.
    if (trusting?.ca !== ca) trusting = { ...openTrusting(ca), ca }
    sandboxPlace = { host, dispatcher: trusting.dispatcher, agent: trusting.agent }
  }

  async function askDoor(): Promise<string> {
    if (sandboxUrl === undefined) throw new Error('this connector knows no sandbox: SANDBOX_URL is not set')
    try {
      const answer = await fetch(sandboxUrl, { signal: AbortSignal.timeout(doorTimeoutMs) })
      const { wsUrl, mediaUrl, ca } = v.parse(Door, await answer.json())
      if (mediaUrl != null && ca != null) trust(new URL(mediaUrl).host, ca)
      outage.over()
      return wsUrl
    } catch (error) {
      outage.noticed(error)
      throw new Error('no sandbox answers at SANDBOX_URL', { cause: error })
    }
  }

  return {
    /** The door is asked each time: a sandbox may come back on another port. Throws when it does not answer. */
    of: async (session: Session): Promise<string | undefined> => (session.sandbox ? askDoor() : whatsappUrl),

    /** Where a session's files lie, as the door told when it was asked last. */
    mediaOf: (session: Session): MediaPlace | undefined => {
      const place = session.sandbox ? sandboxPlace : whatsappPlace
      const proxy = proxyOf(session)
      const way = proxy ? { ...place, dispatcher: proxy.dispatcher, agent: proxy.agent } : place
      if (session.sandbox && way?.dispatcher && way.host !== undefined)
        return { ...way, blobs: leadTo(way.dispatcher, ownHost, way.host) }
      return proxy ? { ...way, blobs: proxy.dispatcher } : way
    },

    /** Through which its WebSocket goes; `undefined` = straight. Throws AddressForbidden. */
    agentOf: (session: Session): Agent | undefined => proxyOf(session)?.agent,

    /** Says in the log when there should be a sandbox and none answers. */
    async lookAtSandbox(): Promise<void> {
      // The outage has said it by then.
      if (sandboxUrl !== undefined) await askDoor().catch(() => undefined)
    },
  }
}
