// GET /v1/sessions/{id}/qr: the code to scan, as JSON with a data URL, as PNG, as SVG, or as its raw text.
import { Problem } from '../../../shared/model/problem.ts'
import type { Session, SessionQr } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { readWaitMs, WaitQuery } from '../../request/wait.ts'

export const readQr = (api: Api) =>
  sessionOperation(api, { scope: 'sessions.read', query: WaitQuery }, async (c, { sessionId, query }) => {
    const qr = await awaitQr(api, sessionId, readWaitMs(c, query.wait), c.req.raw.signal)
    c.header('Vary', 'Accept', { append: true })
    switch (chooseForm(c.req.header('accept'))) {
      case 'png':
        return c.body(toPngBytes(qr.png), 200, { 'Content-Type': 'image/png' })
      case 'svg':
        return c.body(qr.svg, 200, { 'Content-Type': 'image/svg+xml' })
      case 'text':
        return c.text(qr.code)
      case 'json':
        return c.json({ qr: qr.png, code: qr.code, expiresAt: qr.expiresAt })
    }
  })

/** Waits for the next QR. Throws `session.already_linked`, `session.qr_not_ready`, `session.not_started` or `session.not_found`. */
export async function awaitQr(api: Api, sessionId: string, waitMs: number, gone: AbortSignal): Promise<SessionQr> {
  const look = async (): Promise<SessionQr | undefined> => {
    const session = await api.sessions.mustRead(sessionId)
    if (session.linked) throw new Problem('session.already_linked')
    return currentQr(session, api.now())
  }
  const qr = await api.waits.until(`session/${sessionId}`, waitMs, gone, look)
  if (qr) return qr
  const { status, lastDisconnect } = await api.sessions.mustRead(sessionId)
  if (status !== 'inactive' && status !== 'error') throw new Problem('session.qr_not_ready', { retryAfterSeconds: 1 })
  const why = lastDisconnect ? ` (${lastDisconnect.reason})` : ''
  throw new Problem('session.not_started', {
    detail: `The session is ${status}${why}: POST /v1/sessions/${sessionId}/start begins anew`,
  })
}

export function currentQr(session: Session, nowMs: number): SessionQr | undefined {
  return session.qr && session.qr.expiresAt.getTime() > nowMs ? session.qr : undefined
}

type Form = 'json' | 'png' | 'svg' | 'text'
const forms = new Map<string, Form>([
  ['application/json', 'json'],
  ['image/png', 'png'],
  ['image/*', 'png'],
  ['image/svg+xml', 'svg'],
  ['text/plain', 'text'],
  ['*/*', 'json'],
])

/** The first form in the caller's list that we have; JSON when there is none. */
function chooseForm(accept: string | undefined): Form {
  for (const part of (accept ?? '').split(',')) {
    const form = forms.get(part.split(';')[0]?.trim().toLowerCase() ?? '')
    if (form) return form
  }
  return 'json'
}

function toPngBytes(dataUrl: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(dataUrl.slice(dataUrl.indexOf(',') + 1)), (char) => char.charCodeAt(0))
}
