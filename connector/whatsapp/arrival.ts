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

/** What rc14 writes into a message that it has not emitted yet. Only stars and deletions of our own are listened to. */
const folded: readonly (keyof BaileysEventMap)[] = [
  'messages.update',
  'messages.delete',
  'messages.reaction',
  'message-receipt.update',
]
/** How soon it is looked whether the buffer is through, ms. */
const lookMs = 50

type Behind = (tell: () => void) => void

/**
 * Runs what was given, in its order, once what Baileys holds back has been told: what app state says of messages may be
 * heard before the messages themselves, while those of the time away come in.
 */
export function createBehind(isCaughtUp: () => boolean): Behind {
  const waiting: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined
  function look(): void {
    timer = undefined
    while (isCaughtUp()) {
      const next = waiting.shift()
      if (!next) return
      next()
    }
    timer = setTimeout(look, lookMs).unref()
  }
  return (tell) => {
    waiting.push(tell)
    if (!timer) look()
  }
}

type Beside = (event: 'messages.update' | 'messages.delete', data: unknown) => void

/**
 * rc14 folds what is emitted within a tenth of a second into one event: a text whose revoke follows it closely loses
 * its content and its id, and is gone (observed 2026-11, Utils/event-buffer.js). So what would be folded into messages
 * never reaches that buffer, and once we are logged in (`isOpen`) a message does not wait in it. What is said of messages
 * that may still wait there is handed on `beside` it, `behind` them.
 */
export function keepWhole(ev: WASocket['ev'], isOpen: () => boolean, beside: Beside, behind: Behind): void {
  const emit = ev.emit.bind(ev)
  ev.emit = (event, data) => {
    if (event === 'messages.update' || event === 'messages.delete') behind(() => beside(event, data))
    if (folded.includes(event)) return false
    const isTaken = emit(event, data)
    if (event === 'messages.upsert' && isOpen()) ev.flush()
    return isTaken
  }
}
