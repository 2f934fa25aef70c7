// Connects only to tell WhatsApp that the link ends. A phone that cannot be reached keeps a dead entry.
import type { Session } from '../../shared/model/session.ts'
import { openConnection } from '../whatsapp/connection.ts'
import type { Held } from './connect-once.ts'

const patienceMs = 20_000

export async function logOut(held: Held, session: Session): Promise<void> {
  let url: string | undefined
  try {
    url = await held.urlFor(session)
  } catch (error) {
    return held.log.debug({ err: error }, 'no address to log out at')
  }
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => void connection.end('no answer to the log-out'), patienceMs)
    const connection = openConnection({
      url,
      version: held.clientVersion.current(),
      keyStore: held.keyStore,
      journal: held.journal,
      settings: session.settings,
      retryCaches: held.retryCaches,
      log: held.log,
      onFact: (delivery) => held.recorder.record(delivery),
      onState: (state) => {
        if (state.kind === 'open') connection.logout().catch(() => void connection.end('log-out failed'))
        if (state.kind !== 'closed') return
        clearTimeout(timer)
        resolve()
      },
      readOwn: () => Promise.resolve(undefined),
    })
  })
}
