// Who takes part: sessions with a phone each, and contacts that write with all of them.
import { inParallel } from '../bench/in-parallel.ts'
import type { Site } from './site.ts'

export type Cast = {
  sessions: { sessionId: string; phone: string }[]
  /** Numbers. */
  contacts: string[]
}
export type Size = { sessions: number; contacts: number }

/** 1, 2, … */
export const sessionName = (n: number) => `session${n}`

const linkMs = 180_000
const linksAtOnce = 4

/** Resolves when every session is connected. */
export async function assembleCast(site: Site, size: Size): Promise<Cast> {
  const phone = async (name: string) => String((await site.door('POST', '/phones', { name }))['phone'])
  const contacts: string[] = []
  for (let i = 1; i <= size.contacts; i += 1) contacts.push(await phone(`Contact ${i}`))
  const link = async (sessionId: string) => {
    const number = await phone(sessionId)
    await must(site, 'POST', '/v1/sessions', { sessionId, sandbox: true })
    const qr = await must(site, 'GET', `/v1/sessions/${sessionId}/qr?wait=20`)
    await site.door('POST', `/phones/${number}/scan`, { qr: qr['code'] })
    const giveUpAt = Date.now() + linkMs
    while ((await must(site, 'GET', `/v1/sessions/${sessionId}`))['status'] !== 'connected') {
      if (Date.now() > giveUpAt) throw new Error(`${sessionId} was not connected within ${linkMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 200)) // A client that polls.
    }
    return { sessionId, phone: number }
  }
  const names = Array.from({ length: size.sessions }, (_, i) => sessionName(i + 1))
  return { contacts, sessions: await inParallel(names, linksAtOnce, link) }
}

async function must(site: Site, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await site.client.ask({ method, path, ...(body ? { body } : {}) })
  if (answer.status >= 300)
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer.body as Record<string, unknown>
}
