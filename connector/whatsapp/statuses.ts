// Statuses from the raw nodes: rc14 emits nothing for plain server acks and folds later statuses into earlier ones
// (observed 2026-11). Acks and receipts are read as they arrive; the highest status wins where they are stored.
import type { BinaryNode } from '@whiskeysockets/baileys'
import { isServerId } from './channel-facts.ts'
import { toInstant } from './content.ts'
import type { Fact } from './facts.ts'
import type { Identities } from './identities.ts'

/** By the receipt's `type`; absent = delivered. Receipts of other types say nothing about a message's life. */
const receiptStatus: Record<string, 'delivered' | 'read' | 'played'> = {
  '': 'delivered',
  inactive: 'delivered',
  read: 'read',
  played: 'played',
}

const timeOf = (node: BinaryNode) => toInstant(node.attrs['t'])

export function ackToFact(node: BinaryNode, identities: Identities): Fact | undefined {
  const chat = identities.jidsOf(node.attrs['from'])
  const messageId = node.attrs['id']
  if (!chat || !messageId) return undefined
  const { error, server_id: serverId } = node.attrs
  return {
    kind: 'ack',
    chat,
    messageId,
    at: timeOf(node),
    ...(error ? { error } : {}),
    ...(isServerId(serverId) ? { serverId } : {}),
  }
}

export function receiptToFact(node: BinaryNode, identities: Identities): Fact | undefined {
  const { from, participant, recipient, id, type = '' } = node.attrs
  const items = Array.isArray(node.content)
    ? node.content.flatMap((list) => (Array.isArray(list.content) ? list.content : []))
    : []
  const ids = [id, ...items.map((item) => item.attrs['id'])].filter((one): one is string => one !== undefined)
  const author = identities.jidsOf(participant ?? from)
  const status = receiptStatus[type]
  if (identities.isMe(participant ?? from)) {
    // Another device of this account has read the chat.
    const chat = identities.jidsOf(recipient ?? (participant === undefined ? undefined : from))
    return type === 'read-self' || type === 'read' ? chat && { kind: 'chat-read', chat, at: timeOf(node) } : undefined
  }
  const chat = identities.jidsOf(from)
  if (!chat || !author || !status || ids.length === 0) return undefined
  return { kind: 'receipt', chat, by: author, messageIds: ids, status, at: timeOf(node) }
}
