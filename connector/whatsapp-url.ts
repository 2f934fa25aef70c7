// Where a session connects: WhatsApp's own address, the one in WHATSAPP_URL, or what a sandbox's door names.
import * as v from 'valibot'
import type { Session } from '../shared/model/session.ts'

const Door = v.object({ wsUrl: v.pipe(v.string(), v.regex(/^wss?:\/\//)) })

export type WhatsappUrlOptions = { whatsappUrl: string | undefined; sandboxUrl: string | undefined }

/** The door is asked each time: a sandbox may come back on another port. Throws when it does not answer. */
export function createWhatsappUrl({ whatsappUrl, sandboxUrl }: WhatsappUrlOptions) {
  return async (session: Session): Promise<string | undefined> => {
    if (!session.sandbox) return whatsappUrl
    if (sandboxUrl === undefined) throw new Error('this connector knows no sandbox')
    const answer = await fetch(sandboxUrl, { signal: AbortSignal.timeout(5_000) })
    return v.parse(Door, await answer.json()).wsUrl
  }
}
