// Posts of channels come in plain text: no ratchet's commit keeps them, and rc14 acknowledges them before it hands them
// on (Socket/messages-recv.js handleMessage). Here each is durable before its acknowledgement leaves.
import type { BinaryNode } from '@whiskeysockets/baileys'
import { isChannelJid } from '../../shared/model/jid.ts'
import { hashCiphertext, journalType, type Journal } from './keys/journal.ts'
import type { KeyStore } from './keys/open-key-store.ts'
import type { Wire } from './wire.ts'

/** What rc14 says of a stanza's origin is its `category` alone: it carries what else we have to know. */
export const postCategory = { theirs: 'post', ours: 'own-post' } as const

export type PostKeeper = {
  keyStore: Pick<KeyStore, 'memory' | 'log'>
  journal: Journal
  wire: Pick<Wire, 'holdFor'>
  isIgnored: (jid: string) => boolean
}

/** To be called with every stanza before Baileys takes it further. */
export function keepPost(node: BinaryNode, { keyStore, journal, wire, isIgnored }: PostKeeper): void {
  // The first frames of a handshake are no stanzas.
  if (node.tag !== 'message') return
  const { from, id, server_id: serverId, is_sender: isSender } = node.attrs
  if (!id || !from || !isChannelJid(from) || isIgnored(from)) return
  const plaintext = Array.isArray(node.content)
    ? node.content.find(({ tag }) => tag === 'plaintext')?.content
    : undefined
  if (!(plaintext instanceof Uint8Array) || plaintext.byteLength === 0) {
    // A reaction or a removal. Of what has no text rc14 asks the phone, unless it is something that phones withhold.
    node.content = [{ tag: 'unavailable', attrs: { type: 'bot_unavailable_fanout' } }]
    return
  }
  node.attrs['category'] = isSender === 'true' ? postCategory.ours : postCategory.theirs
  const hash = hashCiphertext(Buffer.concat([Buffer.from(`${from} ${id} ${serverId ?? ''} `), plaintext]))
  const entry = journal.answer(hash) === undefined ? journal.entry(hash, node, plaintext) : {}
  if (Object.keys(entry[journalType] ?? {}).length > 0) keyStore.memory.apply(entry).catch(() => undefined) // The log reports it.
  const durable = keyStore.log.awaited()
  if (durable) wire.holdFor(durable)
}
