// POST /v1/sessions/{id}/export: the link of a stopped session, sealed with a passphrase, to be imported elsewhere.
import * as v from 'valibot'
import { Problem } from '../../../shared/model/problem.ts'
import { sealBundle } from '../../../shared/store/bundle.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'

export const Passphrase = v.pipe(
  v.string(),
  v.minLength(12, 'must be at least 12 characters'),
  v.maxLength(1_000, 'must be at most 1000 characters'),
)
const ExportSession = v.strictObject({ passphrase: Passphrase })

export const exportSession = (api: Api) =>
  sessionOperation(api, { scope: 'sessions.write', body: ExportSession }, async (c, { sessionId, body }) => {
    const session = await api.sessions.mustRead(sessionId)
    if (!session.linked) throw new Problem('session.not_linked')
    // Marked before it is read: what is handed out cannot begin to run here meanwhile.
    if (!(await api.store.sessions.markMoved(sessionId))) throw new Problem('session.running')
    const kept = await api.store.auth.readAll(sessionId)
    if (!kept) throw new Problem('session.not_linked')
    const bundle = await sealBundle({ sandbox: session.sandbox, name: session.name, ...kept }, body.passphrase)
    c.header('Cache-Control', 'no-store')
    return c.json({ bundle })
  })
