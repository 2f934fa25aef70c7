// What we do to chats and to our own copies of messages. App state carries nearly all of it to the phone.
import type { LastMessageList, WASocket } from '@whiskeysockets/baileys'
import { mutedForEver } from '../../shared/model/chat.ts'
import type { AppState } from './app-state.ts'
import { toKey, type MessageRef } from './message-ref.ts'

/** The newest message of a chat; WhatsApp wants to know up to where a change reaches. */
export type Newest = { ref: MessageRef; at: Date } | undefined

export type Chats = ReturnType<typeof createChats>

const toSeconds = (at: Date) => Math.floor(at.getTime() / 1_000)
const toRange = (newest: Newest): LastMessageList =>
  newest
    ? [{ key: toKey(newest.ref), messageTimestamp: toSeconds(newest.at) }]
    : { lastMessageTimestamp: toSeconds(new Date()) }

/** `nameOf`: the form of a chat's address under which the phone keeps what it knows of it. */
export function createChats(
  sock: Pick<WASocket, 'sendMessage' | 'fetchMessageHistory'>,
  appState: Pick<AppState, 'modify'>,
  nameOf: (chat: string) => string,
) {
  const modify = (chat: string, change: Parameters<AppState['modify']>[0]) => appState.modify(change, nameOf(chat))
  return {
    archive: (chat: string, archive: boolean, newest: Newest) =>
      modify(chat, { archive, lastMessages: toRange(newest) }),
    pin: (chat: string, pin: boolean) => modify(chat, { pin }),
    /** `mutedForEver` = without an end (-1 to WhatsApp). */
    mute: (chat: string, until: Date | null) =>
      modify(chat, { mute: until && (until >= mutedForEver ? -1 : until.getTime()) }),
    markRead: (chat: string, isRead: boolean, newest: Newest) =>
      modify(chat, { markRead: isRead, lastMessages: toRange(newest) }),
    clear: (chat: string, newest: Newest) => modify(chat, { clear: true, lastMessages: toRange(newest) }),
    remove: (chat: string, newest: Newest) => modify(chat, { delete: true, lastMessages: toRange(newest) }),
    label: (chat: string, labelId: string, isOn: boolean) =>
      modify(chat, isOn ? { addChatLabel: { labelId } } : { removeChatLabel: { labelId } }),
    labelMessage: (chat: string, messageId: string, labelId: string, isOn: boolean) =>
      modify(chat, isOn ? { addMessageLabel: { messageId, labelId } } : { removeMessageLabel: { messageId, labelId } }),
    star: ({ chat, messageId: id, fromMe }: MessageRef, star: boolean) =>
      modify(chat, { star: { messages: [{ id, fromMe }], star } }),
    hide: (ref: MessageRef, at: Date) =>
      modify(ref.chat, { deleteForMe: { deleteMedia: false, key: toKey(ref), timestamp: toSeconds(at) } }),
    editLabel: (label: { id: string; name: string; color: number; deleted: boolean }) =>
      appState.modify({ addLabel: label }, ''),
    /** The phone answers with a history chunk, if it is there. Milliseconds, as the field is called (*assumed*; WAProto HistorySyncOnDemandRequest). */
    askOlder: async (oldest: MessageRef, at: Date, count: number): Promise<void> => {
      await sock.fetchMessageHistory(count, toKey(oldest), at.getTime())
    },
    /** A message like any other: whoever is in the chat sees it. */
    setEphemeral: async (chat: string, seconds: number, messageId: string): Promise<void> => {
      await sock.sendMessage(chat, { disappearingMessagesInChat: seconds }, { messageId })
    },
  }
}
