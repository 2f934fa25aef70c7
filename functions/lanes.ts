// Which lane a command belongs to: one chat is one lane, whichever of its addresses is used.
import { LRUCache } from 'lru-cache'
import type { Feed } from '../shared/store/feed.ts'
import type { ChatStore } from '../shared/store/chats.ts'

/** A chat's id changes only when two become one, which the feed tells; that a chat is unknown is believed only shortly. */
const foundMs = 600_000
const unknownMs = 2_000

export type Lanes = ReturnType<typeof createLanes>

export function createLanes(chats: Pick<ChatStore, 'resolve'>, feed?: Pick<Feed, 'listen'>) {
  const lanes = new LRUCache<string, string>({ max: 50_000 })
  const stopListening = feed?.listen((change) => {
    if (change.kind === 'lost') lanes.clear()
    else if (change.kind === 'event' && change.event.type === 'chat.merged') {
      const { stream, data } = change.event
      for (const jid of data['aliases'] as string[]) lanes.delete(`${stream}/${jid}`)
    }
  })
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

    close: () => stopListening?.(),
  }
}
