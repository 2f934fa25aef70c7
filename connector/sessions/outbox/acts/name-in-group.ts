// Mentions as the group names people: WhatsApp's apps show one only when its jid is of the group's form and the text has
// its digits behind an @ (as rc14's and the apps' own messages have them).
import type { OutContent } from '../../../../shared/model/content.ts'
import { toAddresses } from '../../../../shared/model/person.ts'
import { isSamePerson } from '../../../../shared/model/group.ts'
import { isGroupJid, toPhoneJid } from '../../../../shared/model/jid.ts'
import type { ActContext } from './act.ts'

const userOf = (jid: string) => jid.split('@')[0] ?? jid

export async function nameInGroup<C extends OutContent>(
  { store, sessionId, connection }: Pick<ActContext, 'store' | 'sessionId' | 'connection'>,
  chatId: string,
  content: C,
): Promise<C> {
  if (content.type !== 'text' || !content.mentions || !isGroupJid(chatId)) return content
  const group = await store.groups.read(sessionId, chatId)
  if (!group) return content
  let { text } = content
  const mentions = content.mentions.map((jid) => {
    const person = toAddresses(connection.identify(jid))
    const { lid, phone } = { ...group.members.find((one) => isSamePerson(one, person)), ...person }
    const wanted = group.addressing === 'lid' ? lid : phone && toPhoneJid(phone)
    if (wanted === undefined || wanted === jid) return jid
    text = text.replaceAll(`@${userOf(jid)}`, `@${userOf(wanted)}`)
    return wanted
  })
  return { ...content, text, mentions }
}
