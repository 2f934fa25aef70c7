// A way out that trusts one certificate authority more, for those who are handed it and nobody else in the process.
import { Agent as HttpsAgent } from 'node:https'
import { rootCertificates } from 'node:tls'
import { Agent } from 'undici'
import type { WayOut } from './get-outside.ts'

export type Trusting = { dispatcher: WayOut; agent: HttpsAgent; close(): Promise<void> }

/** `ca` in PEM. */
export function openTrusting(ca: string): Trusting {
  const trusted = [...rootCertificates, ca]
  const dispatcher = new Agent({ connect: { ca: trusted } })
  const agent = new HttpsAgent({ ca: trusted })
  return {
    dispatcher,
    agent,
    async close() {
      agent.destroy()
      await dispatcher.destroy()
    },
  }
}
