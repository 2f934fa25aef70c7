// The label that a path speaks of.
import { isLabelId, type Label } from '../../../shared/model/label.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'

/** Throws `session.not_found`, `label.not_found`. */
export async function findLabel(api: Api, sessionId: string, labelId: string | undefined): Promise<Label> {
  await api.sessions.mustExist(sessionId)
  const label = labelId !== undefined && isLabelId(labelId) ? await api.store.labels.read(sessionId, labelId) : null
  if (!label) throw new Problem('label.not_found')
  return label
}
