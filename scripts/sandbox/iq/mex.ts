// GraphQL questions: the one about the lock on writing to new contacts, and those about channels.
import { type BinaryNode, QueryIds } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { child, node } from '../server/nodes.ts'
import { describeLock } from '../server/outreach-lock.ts'
import type { Answer } from './answer.ts'
import { answerChannelQuery } from './channels.ts'

export const answerMex = (exchange: Exchange, address: Address, iq: BinaryNode): Answer => {
  const query = child(iq, 'query')
  if (query?.attrs.query_id === QueryIds.REACHOUT_TIMELOCK)
    return [node('result', {}, Buffer.from(JSON.stringify({ data: describeLock(exchange, address) })))]
  return (query && answerChannelQuery(exchange, address, query)) ?? []
}
