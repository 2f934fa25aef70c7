// Our own account at WhatsApp: its name and words, its privacy, whom it blocks.
import { jidNormalizedUser, type WASocket } from '@whiskeysockets/baileys'
import type { PrivacySettings } from '../../shared/model/profile.ts'
import type { AppState } from './app-state.ts'

export type Account = ReturnType<typeof createAccount>

/** WhatsApp's names of the settings (rc14, Socket/chats.js). */
const privacyNames = {
  lastSeen: 'last',
  online: 'online',
  profilePicture: 'profile',
  about: 'status',
  readReceipts: 'readreceipts',
  groupsAdd: 'groupadd',
  calls: 'calladd',
  messages: 'messages',
} as const satisfies Record<keyof PrivacySettings, string>

export function createAccount(sock: WASocket, appState: Pick<AppState, 'modify'>) {
  const setters: { [K in keyof PrivacySettings]: (value: never) => Promise<void> } = {
    lastSeen: sock.updateLastSeenPrivacy,
    online: sock.updateOnlinePrivacy,
    profilePicture: sock.updateProfilePicturePrivacy,
    about: sock.updateStatusPrivacy,
    readReceipts: sock.updateReadReceiptsPrivacy,
    groupsAdd: sock.updateGroupsAddPrivacy,
    calls: sock.updateCallPrivacy,
    messages: sock.updateMessagesPrivacy,
  }
  return {
    // `sock.user` is as it was when the socket was made (rc14 spreads its getter).
    name: () => sock.authState.creds.me?.name,
    jid: () => jidNormalizedUser(sock.authState.creds.me?.id),
    async setName(name: string): Promise<void> {
      await appState.modify({ pushNameSetting: name }, '')
      // Told to nobody else but us (emitOwnEvents is off): presence and messages carry it from now on.
      const { me } = sock.authState.creds
      if (me) sock.ev.emit('creds.update', { me: { ...me, name } })
    },
    /** A JPEG, or none; without a group our own. */
    setPicture(groupId: string | undefined, jpeg: Buffer | undefined): Promise<void> {
      const jid = groupId ?? jidNormalizedUser(sock.authState.creds.me?.id)
      return jpeg ? sock.updateProfilePicture(jid, jpeg) : sock.removeProfilePicture(jid)
    },
    setAbout: (text: string) => sock.updateProfileStatus(text),
    async privacy(): Promise<Partial<PrivacySettings>> {
      const told = await sock.fetchPrivacySettings(true)
      const known = Object.entries(privacyNames).flatMap(([name, theirs]) => {
        const value = told[theirs]
        return value === undefined ? [] : [[name, value.slice(0, 50)]]
      })
      return Object.fromEntries(known) as Partial<PrivacySettings>
    },
    async setPrivacy(name: keyof PrivacySettings, value: string): Promise<void> {
      await (setters[name] as (value: string) => Promise<void>)(value)
      // rc14 remembers the old ones, and asks them before each read receipt (Socket/messages-send.js).
      if (name === 'readReceipts') await sock.fetchPrivacySettings(true)
    },
    block: (jid: string, isBlocked: boolean) => sock.updateBlockStatus(jid, isBlocked ? 'block' : 'unblock'),
    async blocklist(): Promise<string[]> {
      return (await sock.fetchBlocklist()).filter((jid): jid is string => typeof jid === 'string')
    },
    rejectCall: (callId: string, from: string) => sock.rejectCall(callId, from),
  }
}
