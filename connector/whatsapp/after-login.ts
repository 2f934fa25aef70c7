// What nobody tells by itself is asked after each login: our groups and channels, whom we block, and what of the app state was left.
// None of it is needed for messages: what fails waits for the next connection.
import type { WASocket } from '@whiskeysockets/baileys'
import type { AccountChange } from './account-facts.ts'
import type { Channels } from './channels.ts'
import type { PlaceKeeper } from './app-state-place.ts'
import type { LogSink } from './baileys-log.ts'
import type { Groups } from './groups.ts'
import type { Identities } from './identities.ts'

export type AfterLoginOptions = {
  sock: Pick<WASocket, 'fetchBlocklist' | 'resyncAppState'>
  groups: Pick<Groups, 'fetchAll'>
  channels: Pick<Channels, 'fetchAll'>
  place: Pick<PlaceKeeper, 'unfinished'>
  identities: Identities
  tell: (what: AccountChange) => void
  log: LogSink
}

/** What was missed while away comes first, with its authors; the server may never say that it has all come. */
const groupsLatestMs = 10_000

export function createAfterLogin({ sock, groups, channels, place, identities, tell, log }: AfterLoginOptions) {
  let groupsTimer: NodeJS.Timeout | undefined
  let isOver = false
  const failed = (what: string) => (error: unknown) => log.debug({ err: error }, what)

  function fetchGroups(): void {
    if (isOver || !groupsTimer) return
    clearTimeout(groupsTimer)
    groupsTimer = undefined
    groups.fetchAll().catch(failed('the groups could not be fetched'))
    channels.fetchAll().catch(failed('the channels could not be fetched'))
  }

  return {
    /** We are logged in. */
    begin(): void {
      groupsTimer = setTimeout(fetchGroups, groupsLatestMs)
      const unfinished = place.unfinished()
      if (unfinished.length > 0)
        sock.resyncAppState(unfinished, false).catch(failed('the app state could not be read again'))
      sock
        .fetchBlocklist()
        .then((list) => {
          const who = list.map((jid) => identities.jidsOf(jid)).filter((jids) => jids !== undefined)
          tell({ change: 'blocklist', who })
        })
        .catch(failed('WhatsApp gave no blocklist'))
    },
    /** What came while we were away has all come. */
    caughtUp: fetchGroups,
    end(): void {
      isOver = true
      clearTimeout(groupsTimer)
    },
  }
}
