// Receipts for what we wrote in groups: noted for each person on the message's row, and its status moved on when the
// last one has come as far.
import { isGroupJid } from '../../../shared/model/jid.ts'
import { emptyReceipts, reachedByAll, toReceiptName, type Receipts } from '../../../shared/model/receipts.ts'
import type { Jids } from '../../whatsapp/facts.ts'
import type { RecordContext } from './context.ts'
import { toAddresses } from '../../../shared/model/person.ts'
import type { StatusFact } from './record-changes.ts'

type Step = { fact: StatusFact; key: string }

/** Places for the receipts of everybody who is in the group now. Absent for other chats and groups not known. */
export async function receiptsFor(context: RecordContext, chatId: string): Promise<{ receipts?: Receipts }> {
  if (!isGroupJid(chatId)) return {}
  const group = await context.store.groups.read(context.sessionId, chatId)
  const receipts = group && emptyReceipts(group.members.filter(({ isMe }) => !isMe))
  return receipts ? { receipts } : {}
}

/** One name for each form of the address: the row knows one of them. */
const namesOf = (jids: Jids): string[] =>
  jids.map((jid) => toReceiptName(toAddresses([jid]))).filter((name) => name !== undefined)

/** Of these steps those that move a message on; what is one person's in a group is noted, and counts when it is everybody's. */
export async function gatherReceipts(context: RecordContext, steps: readonly Step[]): Promise<Step[]> {
  const isInGroup = ({ fact }: Step) => fact.kind === 'receipt' && isGroupJid(fact.chat[0])
  const inGroups = steps.filter(isInGroup)
  if (inGroups.length === 0) return [...steps]
  const rows = await context.store.messages.noteReceipts(
    inGroups.flatMap(({ fact, key }) =>
      fact.kind === 'receipt' ? [{ key, names: namesOf(fact.by), status: fact.status, at: fact.at }] : [],
    ),
  )
  const told = new Set<string>()
  return steps.flatMap((step) => {
    if (!isInGroup(step) || step.fact.kind !== 'receipt') return [step]
    const receipts = rows.get(step.key)
    const status = receipts && reachedByAll(receipts)
    if (!status || told.has(step.key)) return []
    told.add(step.key)
    return [{ key: step.key, fact: { ...step.fact, status } }]
  })
}
