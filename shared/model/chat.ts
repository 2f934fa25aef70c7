// A chat of one session. `chatId` is the first form of its address that was seen, for ever; other forms are aliases.
import * as v from 'valibot'

/** Muted without an end. */
export const mutedForEver = new Date('9999-12-31T23:59:59.000Z')

/** The document in `chats`; `_id` = `sessionId/chatId`. */
export type Chat = {
  _id: string
  sessionId: string
  chatId: string
  /** Every jid this chat is known by, `chatId` included. */
  jids: string[]
  name?: string
  /** What it is searched by: `toNameTokens` of its name. */
  tokens?: string[]
  phone?: string
  isGroup: boolean
  unreadCount: number
  /** Marked as unread by hand; it has no unread messages of its own. */
  markedUnread?: boolean
  /** `unreadCount` > 0 or marked, so that one index lists what is unread. */
  isUnread?: boolean
  archived: boolean
  /** 0 or 1, so that one index orders pinned chats first; -1 = deleted: not listed until something new comes. */
  pinned: number
  /** No notifications until then; in the past = not muted. */
  mutedUntil?: Date
  /** Hidden behind the phone's lock. */
  locked?: boolean
  /** Ids of labels, in no order. */
  labels?: string[]
  /** New messages disappear after so long; 0 = they stay. */
  ephemeralSeconds?: number
  /** Everything up to then was cleared. */
  clearedAt?: Date
  /** Something was received in it. Absent on rows of earlier versions: their messages tell. */
  heard?: boolean
  lastMessage?: { messageId: string; text?: string; type: string; fromMe: boolean; at: Date }
  /** Time of the last message; chats are listed by it. */
  lastActivity: Date
  createdAt: Date
}

export const isDeletedChat = (chat: Pick<Chat, 'pinned'>): boolean => chat.pinned < 0

export function toChatView(chat: Chat) {
  return {
    chatId: chat.chatId,
    sessionId: chat.sessionId,
    aliases: chat.jids.filter((jid) => jid !== chat.chatId),
    name: chat.name ?? chat.phone ?? 'Desconocido',
    phone: chat.phone,
    isGroup: chat.isGroup,
    unreadCount: chat.unreadCount,
    isUnread: chat.unreadCount > 0 || chat.markedUnread === true,
    isArchived: chat.archived,
    isPinned: chat.pinned === 1,
    isLocked: chat.locked === true,
    mutedUntil: chat.mutedUntil && chat.mutedUntil > new Date() ? chat.mutedUntil : undefined,
    labels: chat.labels ?? [],
    ephemeralSeconds: chat.ephemeralSeconds ?? 0,
    clearedAt: chat.clearedAt,
    lastMessage: chat.lastMessage,
    lastMessageTime: chat.lastMessage?.at,
    lastActivity: chat.lastActivity,
  }
}

/** The times that WhatsApp's apps offer: off, a day, a week, 90 days. */
export const ephemeralTimes = [0, 86_400, 604_800, 7_776_000] as const

/** The body of `PATCH …/chats/{chatId}`: what is not given stays. */
export const PatchChat = v.pipe(
  v.strictObject({
    archived: v.optional(v.boolean()),
    pinned: v.optional(v.boolean()),
    /** `null` = not muted; the year 9999 = for ever. */
    mutedUntil: v.optional(
      v.nullable(
        v.pipe(
          v.string(),
          v.isoTimestamp('must be an RFC 3339 time'),
          v.transform((text) => new Date(text)),
        ),
      ),
    ),
    ephemeralSeconds: v.optional(v.picklist(ephemeralTimes, `must be one of ${ephemeralTimes.join(', ')}`)),
    /** All labels it shall have. */
    labels: v.optional(
      v.pipe(
        v.array(v.pipe(v.string(), v.regex(/^\d{1,19}$/, 'must be the id of a label'))),
        v.maxLength(50, 'must have at most 50'),
        v.transform((labels) => [...new Set(labels)]),
      ),
    ),
  }),
  v.check((patch) => Object.values(patch).some((value) => value !== undefined), 'must change something'),
)
export type PatchChat = v.InferOutput<typeof PatchChat>
