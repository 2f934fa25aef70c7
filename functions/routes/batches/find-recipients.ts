// Who a batch goes to: everybody once, each in the lane of the chat that the address leads to.
import type { SendBulk } from '../../../shared/model/batch.ts'
import { parseAddress } from '../../../shared/model/jid.ts'
import { Problem, type FieldFault } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { checkChannel } from '../channels/check-channel.ts'
import { checkGroup } from '../messages/check-group.ts'
import type { Variables } from './fill-in.ts'

export type Recipient = { jid: string; lane: string; variables: Variables }

/** In the order given. Throws `request.invalid` naming each index, and what `checkChannel` and `checkGroup` throw. One lookup for all lanes. */
export async function findRecipients(
  api: Api,
  sessionId: string,
  given: SendBulk['recipients'],
  message: Parameters<typeof checkChannel>[3],
): Promise<Recipient[]> {
  const errors: FieldFault[] = []
  const parsed = given.map((one, i) => {
    const { to, variables = {} } = typeof one === 'string' ? { to: one } : one
    const address = parseAddress(to)
    if ('jid' in address) return { jid: address.jid, variables }
    errors.push({ path: typeof one === 'string' ? `recipients.${i}` : `recipients.${i}.to`, message: address.fault })
    return { jid: '', variables }
  })
  if (errors.length > 0) throw new Problem('request.invalid', { errors })

  const chats = await api.store.chats.among(
    sessionId,
    parsed.map(({ jid }) => jid),
  )
  const lanes = new Map(chats.flatMap(({ chatId, jids }) => jids.map((jid) => [jid, chatId] as const)))
  const recipients = parsed.map((one) => ({ ...one, lane: lanes.get(one.jid) ?? one.jid }))
  const first = new Map<string, number>()
  for (const [i, { lane }] of recipients.entries()) {
    const before = first.get(lane)
    if (before === undefined) first.set(lane, i)
    else errors.push({ path: `recipients.${i}`, message: `leads to the same chat as recipients.${before}` })
  }
  if (errors.length > 0) throw new Problem('request.invalid', { errors })
  for (const { jid } of recipients) {
    await checkChannel(api, sessionId, jid, message)
    await checkGroup(api, sessionId, jid, message.mentions)
  }
  return recipients
}
