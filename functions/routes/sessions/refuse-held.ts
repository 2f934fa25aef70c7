// One device lives in one session: two with its keys would fight, and part their ratchets.
import { Problem } from '../../../shared/model/problem.ts'
import { deviceOf } from '../../../shared/store/bundle.ts'
import type { Api } from '../../deps.ts'

/** Throws `session.exists_elsewhere` when another session has this very device and may connect with it. */
export async function refuseHeld(api: Api, phone: string, device: string, except: string): Promise<void> {
  for (const { _id, wanted, movedAt } of await api.store.sessions.ofPhone(phone)) {
    if (_id === except || (wanted === 'stopped' && movedAt)) continue
    const kept = await api.store.auth.readAll(_id).catch(() => 'running' as const)
    // One that is at work changes while it is read; it is of this number, and that is reason enough.
    if (kept === 'running' || (kept && deviceOf(kept.creds).id === device))
      throw new Problem('session.exists_elsewhere')
  }
}
