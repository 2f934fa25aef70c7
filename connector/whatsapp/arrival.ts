// Every message reaches us whole and in its turn, whatever Baileys would rather do with it on the way.
import type { BaileysEventMap, BinaryNode, WASocket } from '@whiskeysockets/baileys'

/**
 * rc14 takes what waited in a queue, one by one, and what comes live beside it, so that the live overtakes (observed
 * 2026-11, Socket/messages-recv.js processNode). Marked as having waited, every message takes its turn in that queue;
 * nothing is slower for it, since a session's messages are decrypted under one mutex anyway.
 */
export function takeInTurn(node: BinaryNode): void {
  if (node.tag === 'message') node.attrs['offline'] ??= '0'
}

/** What rc14 writes into a message that it has not emitted yet. None of it is listened to. */
const folded: readonly (keyof BaileysEventMap)[] = [
  'messages.update',
  'messages.delete',
  'messages.reaction',
  'message-receipt.update',
]

/**
 * rc14 folds what is emitted within a tenth of a second into one event: a text whose revoke follows it closely loses
 * its content and its id, and is gone (observed 2026-11, Utils/event-buffer.js). So what would be folded into messages
 * never reaches that buffer, and once we are logged in (`isOpen`) a message does not wait in it.
 */
export function keepWhole(ev: WASocket['ev'], isOpen: () => boolean): void {
  const emit = ev.emit.bind(ev)
  ev.emit = (event, data) => {
    if (folded.includes(event)) return false
    const isTaken = emit(event, data)
    if (event === 'messages.upsert' && isOpen()) ev.flush()
    return isTaken
  }
}
