// What was accepted for one number is never sent from another: a session that was linked anew is looked at before it connects.
import { phoneOf } from '../../shared/model/jid.ts'
import type { Session } from '../../shared/model/session.ts'
import type { Store } from '../../shared/store/open-store.ts'
import { patiently } from '../patiently.ts'
import { isLinked } from '../whatsapp/connection.ts'
import type { KeyStore } from '../whatsapp/keys/open-key-store.ts'
import type { Reporter } from './reporter.ts'

export type Account = {
  context: { store: Pick<Store, 'commands'> }
  keyStore: Pick<KeyStore, 'creds'>
  reporter: Pick<Reporter, 'report'>
  signal: AbortSignal
}

export async function settleAccount(held: Account, { _id, lastPhone }: Session): Promise<void> {
  const { creds } = held.keyStore
  const phone = isLinked(creds) ? phoneOf(creds.me?.id) : undefined
  if (phone === undefined || phone === lastPhone) return
  const refused = { code: 'session.other_account', reason: 'It was accepted for another number than is linked now' }
  // Before the number is kept: cut short in between, it is done again.
  if (lastPhone !== undefined)
    await patiently(() => held.context.store.commands.refuseAll(_id, refused), { signal: held.signal })
  await held.reporter.report({ lastPhone: phone })
}
