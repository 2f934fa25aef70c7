// Which lane a command belongs to: one chat is one lane, whichever of its addresses is used.
import { LRUCache } from 'lru-cache'
import type { ChatStore } from '../shared/store/chats.ts'

/** A chat's id never changes, so what was found is kept; that a chat is unknown is believed only shortly. */
const foundMs = 600_000
const unknownMs = 2_000

export type Lanes = ReturnType<typeof createLanes>

export function createLanes(chats: Pick<ChatStore, 'resolve'>) {
  const lanes = new LRUCache<string, string>({ max: 50_000 })
  return {
    /** The chatId of the chat known by this bare jid, else the jid itself. */
    async of(sessionId: string, jid: string): Promise<string> {
      const name = `${sessionId}/${jid}`
      const known = lanes.get(name)
      if (known !== undefined) return known
      const chat = await chats.resolve(sessionId, [jid])
      const lane = chat?.chatId ?? jid
      lanes.set(name, lane, { ttl: chat ? foundMs : unknownMs })
      return lane
    },
  }
}
