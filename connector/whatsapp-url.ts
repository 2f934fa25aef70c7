// Where a session connects: WhatsApp's own address, the one in WHATSAPP_URL, or what a sandbox's door names.
import * as v from 'valibot'
import { createOutage, type Outage } from '../shared/log/outage.ts'
import type { Session } from '../shared/model/session.ts'

const Door = v.object({ wsUrl: v.pipe(v.string(), v.regex(/^wss?:\/\//)) })
const doorTimeoutMs = 5_000

export type WhatsappUrlOptions = {
  whatsappUrl: string | undefined
  sandboxUrl: string | undefined
  log: Parameters<typeof createOutage>[0]
}

export function createWhatsappUrl({ whatsappUrl, sandboxUrl, log }: WhatsappUrlOptions) {
  const outage: Outage = createOutage(log, {
    away: 'no sandbox answers at SANDBOX_URL; sandbox sessions wait for it, others do not need it',
    back: 'the sandbox answers again',
  })

  async function askDoor(): Promise<string> {
    if (sandboxUrl === undefined) throw new Error('this connector knows no sandbox: SANDBOX_URL is not set')
    try {
      const answer = await fetch(sandboxUrl, { signal: AbortSignal.timeout(doorTimeoutMs) })
      const { wsUrl } = v.parse(Door, await answer.json())
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

    /** Says in the log when there should be a sandbox and none answers. */
    async lookAtSandbox(): Promise<void> {
      // The outage has said it by then.
      if (sandboxUrl !== undefined) await askDoor().catch(() => undefined)
    },
  }
}
