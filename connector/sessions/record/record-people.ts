// Who is blocked, whose picture is another one, and what this account calls itself.
import { toShownSettings } from '../../../shared/model/session.ts'
import { toContactView, type Contact } from '../../../shared/model/contact.ts'
import type { AccountChange } from '../../whatsapp/account-facts.ts'
import type { Jids } from '../../whatsapp/facts.ts'
import type { RecordContext } from './context.ts'

/** More than WhatsApp lets anybody block. */
const mostBlocked = 10_000

const toEvent = (contact: Contact, more: object = {}) => ({
  type: 'contact.updated' as const,
  data: { ...toContactView(contact), ...more },
})

export async function recordBlocked(context: RecordContext, who: Jids, blocked: boolean): Promise<void> {
  const { store, sessionId, appender } = context
  const { contact } = await store.contacts.upsert(sessionId, who, {})
  const row = await store.contacts.setBlocked(sessionId, contact.contactId, blocked)
  if (row) await appender.append([toEvent(row)])
}

/** What changed while nobody was here to hear of it. */
export async function recordBlocklist(context: RecordContext, who: readonly Jids[]): Promise<void> {
  const { store, sessionId } = context
  const known = await store.contacts.blocked(sessionId, mostBlocked)
  const listed = new Set(who.flat())
  for (const contact of known)
    if (!contact.jids.some((jid) => listed.has(jid))) await recordBlocked(context, [contact.contactId], false)
  const before = new Set(known.flatMap(({ jids }) => jids))
  for (const jids of who) if (!jids.some((jid) => before.has(jid))) await recordBlocked(context, jids, true)
}

export async function recordPicture(
  context: RecordContext,
  { who, removed }: Extract<AccountChange, { change: 'picture' }>,
): Promise<void> {
  const contact = await context.store.contacts.resolve(context.sessionId, who)
  if (contact) await context.appender.append([toEvent(contact, { picture: removed ? 'removed' : 'changed' })])
}

export async function recordOwnName(context: RecordContext, name: string): Promise<void> {
  const { store, sessionId, appender } = context
  const session = await store.sessions.rename(sessionId, name)
  if (session)
    await appender.append([
      {
        type: 'session.updated',
        data: { sessionId, name: session.name, settings: toShownSettings(session.settings), pushName: name },
      },
    ])
}
