// What a client writes to a channel: posts in plain text, reactions, and which posts it has seen.
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../../records.ts'
import type { Exchange } from '../exchange.ts'
import { bytesOf, child, children } from '../nodes.ts'
import { createChannelBook } from './channel-book.ts'

const INVALID = 479

/** The code of the refusal, or the number of the post. */
export const routeChannelMessage = (
  exchange: Exchange,
  sender: Address,
  stanza: BinaryNode,
): { error?: number | undefined; serverId?: number } => {
  const book = createChannelBook(exchange)
  const { to = '', id, type = 'text', server_id: about } = stanza.attrs
  const reaction = child(stanza, 'reaction')
  if (reaction) return { error: reactToPost(exchange, to, sender.phone, Number(about), reaction.attrs.code ?? '') }
  const plaintext = bytesOf(stanza, 'plaintext')
  if (!id || !plaintext) return { error: INVALID }
  const written = book.write(to, sender, { messageId: id, type, plaintext })
  return typeof written === 'number' ? { error: written } : { serverId: written.serverId }
}

/** An empty emoji takes it back. */
export const reactToPost = (
  exchange: Exchange,
  channel: string,
  phone: string,
  serverId: number,
  emoji: string,
): number | undefined =>
  createChannelBook(exchange).touch(channel, [serverId], (post) => {
    const others = post.reactions.filter((one) => one.phone !== phone)
    return { ...post, reactions: emoji === '' ? others : [...others, { phone, emoji }] }
  })

export const viewPosts = (exchange: Exchange, { phone }: Address, receipt: BinaryNode): void => {
  if (receipt.attrs.type !== 'view') return
  const seen = children(child(receipt, 'list'), 'item').map(({ attrs }) => Number(attrs.server_id))
  createChannelBook(exchange).touch(receipt.attrs.to ?? '', seen, (post) => ({
    ...post,
    viewers: [...new Set([...post.viewers, phone])],
  }))
}
