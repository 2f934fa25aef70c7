// Both addresses of everybody whom messages name, as far as they are known by now.
import { isPersonJid, toPhoneJid } from '../shared/model/jid.ts'
import { toMessageView, type Message } from '../shared/model/message.ts'
import { toAddresses, toPerson, type Addresses, type Person } from '../shared/model/person.ts'
import type { Api } from './deps.ts'

/** A page of crowds names more than anybody reads; the first so many are looked up. */
const maxPeople = 1_000

/** The messages as they are shown, each with its `people`. One read for all of them. */
export async function toMessageViews(api: Pick<Api, 'store'>, sessionId: string, rows: readonly Message[]) {
  const named = rows.map(peopleIn)
  const jids = [...new Set(named.flat())].slice(0, maxPeople)
  const contacts = jids.length === 0 ? [] : await api.store.contacts.among(sessionId, jids)
  const byJid = new Map(contacts.flatMap((contact) => contact.jids.map((jid) => [jid, contact] as const)))
  const toOne = (jid: string): Person => toPerson([jid, ...(byJid.get(jid)?.jids ?? [])])
  return rows.map((row, i) => ({ ...toMessageView(row), people: (named[i] ?? []).map(toOne) }))
}

/** Who wrote it, who is named in it, who answered it, and whose chat it is in. */
function peopleIn({ chatId, sender, mentions = [], reactions, votes = [], responses = [] }: Message): string[] {
  const all = [chatId, sender, ...mentions, ...[...reactions, ...votes, ...responses].map((one) => one.sender)]
  return [...new Set(all.filter(isPersonJid))]
}

/** The same people, those known by one address with the other one where it was learned elsewhere. One read for all of them. */
export async function withBothAddresses<P extends Addresses>(
  api: Pick<Api, 'store'>,
  sessionId: string,
  people: readonly P[],
): Promise<P[]> {
  const jidOf = ({ lid, phone }: Addresses) => lid ?? (phone === undefined ? undefined : toPhoneJid(phone))
  const half = people.filter(({ lid, phone }) => lid === undefined || phone === undefined).slice(0, maxPeople)
  if (half.length === 0) return [...people]
  const jids = half.map(jidOf).filter((jid) => jid !== undefined)
  const contacts = await api.store.contacts.among(sessionId, jids)
  const byJid = new Map(contacts.flatMap((contact) => contact.jids.map((jid) => [jid, contact.jids] as const)))
  return people.map((one) => ({ ...toAddresses(byJid.get(jidOf(one) ?? '') ?? []), ...one }))
}
