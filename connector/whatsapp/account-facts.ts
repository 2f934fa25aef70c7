// What changes of an account besides its messages: chats cleared, stars, labels, who is blocked, names, pictures, calls.
import type { Jids, Target } from './facts.ts'

/** A message of a chat as app state names it: without its author. */
export type OwnCopy = { chat: Jids; messageId: string; fromMe: boolean }

export type CallChange = {
  change: 'call'
  callId: string
  chat: Jids
  /** As the answer is addressed. */
  from: string
  caller: Jids
  state: 'offered' | 'accepted' | 'rejected' | 'missed' | 'ended'
  isVideo: boolean
  isGroup: boolean
  at: Date
}

export type AccountChange =
  /** Every message up to then is gone; `deleted`: the chat itself too. */
  | { change: 'chat-cleared'; chat: Jids; upTo: Date; deleted: boolean }
  | { change: 'star'; target: OwnCopy; starred: boolean }
  /** Deleted for this account only. */
  | { change: 'message-hidden'; target: OwnCopy }
  | { change: 'pin'; target: Target; by: 'me' | Jids; at: Date; until: Date | null }
  | { change: 'label'; labelId: string; name?: string; color?: number; deleted: boolean }
  | { change: 'message-label'; chat: Jids; messageId: string; labelId: string; labeled: boolean }
  | { change: 'chat-label'; chat: Jids; labelId: string; labeled: boolean }
  | { change: 'blocked'; who: Jids; blocked: boolean }
  /** All who are blocked. */
  | { change: 'blocklist'; who: Jids[] }
  | { change: 'picture'; who: Jids; removed: boolean }
  | { change: 'own-name'; name: string }
  | CallChange
