// Our own account: its words, its privacy, whom it blocks, and calls that it does not take.
import type { PrivacySettings } from '../../../../shared/model/profile.ts'
import { recordAccount } from '../../record/record-account.ts'
import { recordOwnName } from '../../record/record-people.ts'
import { done, type Acts } from './act.ts'

type AccountKind =
  | 'profile.read'
  | 'profile.set'
  | 'privacy.read'
  | 'privacy.set'
  | 'blocklist.read'
  | 'contact.block'
  | 'call.reject'

export const accountActs: Acts<AccountKind> = {
  'profile.read': async ({ connection }) => {
    const jid = connection.account.jid()
    const [{ about, setAt }, pictureUrl] = await Promise.all([
      connection.people.about(jid),
      connection.people.pictureUrl(jid, 'image'),
    ])
    const name = connection.account.name() ?? null
    return { outcome: 'done', result: { name, about, aboutSetAt: setAt, pictureUrl } }
  },
  'profile.set': async (context, { payload }) => {
    const { name, about } = payload.changes
    const { account } = context.connection
    if (about !== undefined) await account.setAbout(about)
    if (name !== undefined) {
      await account.setName(name)
      await recordOwnName(context, name)
    }
    return done
  },
  'privacy.read': async ({ connection }) => ({ outcome: 'done', result: await connection.account.privacy() }),
  'privacy.set': async ({ connection }, { payload }) => {
    for (const [name, value] of Object.entries(payload.changes))
      if (value !== undefined) await connection.account.setPrivacy(name as keyof PrivacySettings, value)
    return done
  },
  'blocklist.read': async (context) => {
    const { connection } = context
    const listed = (await connection.account.blocklist()).map((jid) => connection.identify(jid))
    await recordAccount(context, { change: 'blocklist', who: listed })
    return { outcome: 'done', result: { data: listed } }
  },
  'contact.block': async (context, { payload: { jid, blocked } }) => {
    const { connection } = context
    if (connection.isMe(jid))
      return { outcome: 'failed', code: 'contact.self', reason: 'An account cannot block itself' }
    // To block, WhatsApp wants both addresses: what is not known yet is asked for.
    const { lid, phone } = await connection.people.bothAddresses(jid)
    if (lid === null || (blocked && phone === null))
      return { outcome: 'failed', code: 'recipient.not_on_whatsapp', reason: 'This number is not on WhatsApp' }
    await connection.account.block(jid, blocked)
    await recordAccount(context, { change: 'blocked', who: connection.identify(jid), blocked })
    return done
  },
  'call.reject': async (context, { payload: { callId } }) => {
    const { store, sessionId, connection } = context
    const call = await store.calls.read(sessionId, callId)
    if (!call) return { outcome: 'failed', code: 'call.not_found', reason: 'There is no such call' }
    if (call.endedAt) return { outcome: 'failed', code: 'call.over', reason: 'The call is over' }
    await connection.account.rejectCall(callId, call.from)
    const { from, chatId, isVideo, isGroup } = call
    const chat = connection.identify(chatId)
    const caller = connection.identify(from)
    const told = { callId, from, chat, caller, isVideo, isGroup, at: new Date() }
    await recordAccount(context, { change: 'call', state: 'rejected', ...told })
    return done
  },
}
