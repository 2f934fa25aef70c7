// GraphQL questions: only the one about the lock on writing to new contacts is played.
import { type BinaryNode, QueryIds } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { child, node } from '../server/nodes.ts'
import { describeLock } from '../server/outreach-lock.ts'
import type { Answer } from './answer.ts'

export const answerMex = (exchange: Exchange, address: Address, iq: BinaryNode): Answer => {
  if (child(iq, 'query')?.attrs.query_id !== QueryIds.REACHOUT_TIMELOCK) return []
  return [node('result', {}, Buffer.from(JSON.stringify({ data: describeLock(exchange, address) })))]
}
