// What each kind of command does on the wire. Total: a new kind does not compile until it is decided here.
import type { Command, CommandKind } from '../../../../shared/model/command.ts'
import { accountActs } from './account-acts.ts'
import type { Act, ActContext, Acts, Outcome } from './act.ts'
import { channelActs } from './channel-acts.ts'
import { chatActs } from './chat-acts.ts'
import { groupActs } from './group-acts.ts'
import { mediaActs } from './media-acts.ts'
import { chatStateActs } from './chat-state-acts.ts'
import { messageActs } from './message-acts.ts'
import { ownCopyActs } from './own-copy-acts.ts'
import { peopleActs } from './people-acts.ts'
import { pictureActs } from './picture-acts.ts'
import { presenceActs } from './presence-acts.ts'

const acts: Acts<CommandKind> = {
  ...messageActs,
  ...ownCopyActs,
  ...chatActs,
  ...chatStateActs,
  ...presenceActs,
  ...pictureActs,
  ...peopleActs,
  ...groupActs,
  ...channelActs,
  ...mediaActs,
  ...accountActs,
}

export function act(context: ActContext, command: Command): Promise<Outcome> {
  const perform = acts[command.kind] as Act<CommandKind>
  return perform(context, command)
}
