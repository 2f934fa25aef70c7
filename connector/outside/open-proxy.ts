// A way out through an HTTP proxy that a session's owner named: for the WebSocket, for uploads and for downloads.
import { rootCertificates } from 'node:tls'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { ProxyAgent } from 'undici'
import { findProxyFault } from '../../shared/model/outside-url.ts'
import type { WayOut } from './get-outside.ts'
import { AddressForbidden, vettedLookup, type OutsideOptions } from './open-outside.ts'

export type Proxy = {
  /** For Node's own clients, `ws` among them. */
  agent: HttpsProxyAgent<string>
  dispatcher: WayOut
  close(): Promise<void>
}

/** `ca`: trusted beside the usual ones, PEM. Throws AddressForbidden; a name that leads inside is refused when it is looked up. */
export function openProxy(proxyUrl: string, options: OutsideOptions & { ca?: string | undefined }): Proxy {
  const fault = findProxyFault(proxyUrl, options)
  if (fault !== undefined) throw new AddressForbidden(`The proxy ${fault}`)
  const tls = options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }
  const lookup = options.allowPrivate ? {} : { lookup: vettedLookup(options) }
  const agent = new HttpsProxyAgent(proxyUrl, { ...tls, ...lookup })
  const dispatcher = new ProxyAgent({ uri: proxyUrl, requestTls: tls, proxyTls: lookup })
  return {
    agent,
    dispatcher,
    async close() {
      agent.destroy()
      await dispatcher.destroy()
    },
  }
}
