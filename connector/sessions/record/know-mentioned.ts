// Whom a message in a group names: the group knows both addresses of people of whom WhatsApp has told us one.
import { isSamePerson } from '../../../shared/model/group.ts'
import { toAddresses } from '../../../shared/model/person.ts'
import { isGroupJid, toPhoneJid } from '../../../shared/model/jid.ts'
import type { Jids, MessageFact } from '../../whatsapp/facts.ts'
import type { RecordContext } from './context.ts'

/** Each becomes a contact, so of a crowd only the first. */
const maxLearned = 100

/** The message with every address of those whom it names; they are known by them from now on. */
export async function knowMentioned(context: RecordContext, fact: MessageFact): Promise<MessageFact> {
  const { store, sessionId } = context
  const { mentioned = [], chat } = fact
  if (!isGroupJid(chat[0]) || !mentioned.some((jids) => jids.length === 1)) return fact
  const group = await store.groups.read(sessionId, chat[0])
  if (!group) return fact
  const known: Jids[] = []
  const seen = new Set<string>()
  for (const jids of mentioned) {
    if (seen.has(jids[0])) continue
    seen.add(jids[0])
    const person = toAddresses(jids)
    const { lid, phone } = group.members.find((one) => isSamePerson(one, person)) ?? person
    const others = [lid, phone && toPhoneJid(phone)].filter((jid) => jid !== undefined && jid !== jids[0])
    const all: Jids = [jids[0], ...(others as string[])]
    if (all.length > jids.length && seen.size <= maxLearned) await store.contacts.upsert(sessionId, all, {})
    known.push(all)
  }
  return { ...fact, mentioned: known }
}
