// Which chat and which person an address belongs to in this session; asked once, then remembered.
import { isPersonJid } from '../../../shared/model/jid.ts'
import type { Chat } from '../../../shared/model/chat.ts'
import type { Store } from '../../../shared/store/open-store.ts'
import type { Jids } from '../../whatsapp/facts.ts'
import { createGrowingCache } from '../../growing-cache.ts'

export type Addresses = {
  /** The chat's id; the chat is created when it is new. While two chats become one, both this and `knownChatId` wait until they are. */
  chatIdOf(jids: Jids, at: Date): Promise<string>
  /** The chat's id, or `undefined` when there is no such chat. */
  knownChatId(jids: Jids): Promise<string | undefined>
  /**
   * Where a chat went that became part of another; `undefined`: it is still its own. Resolves when it has gone there: what was written into it
   * meanwhile is to follow.
   */
  movedTo(chatId: string): Promise<string | undefined>
  /** How a person is named as sender inside a chat. */
  senderIdOf(chatId: string, sender: 'me' | Jids): Promise<string>
  /** Whether this is the name that was stored last, in every form. */
  isNamed(person: Jids, name: string): boolean
  named(person: Jids, name: string): void
}

type Remembered = ReturnType<typeof createGrowingCache<string>>

/** `onMerge`: two chats turn out to be one person's; the first one stays. Told before it is done, and perhaps again. */
export function createAddresses(
  store: Pick<Store, 'chats' | 'contacts'>,
  sessionId: string,
  onMerge?: (keep: Chat, other: Chat) => Promise<unknown>,
): Addresses {
  const chats = createGrowingCache<string>(20_000)
  const people = createGrowingCache<string>(20_000)
  const names = createGrowingCache<string>(20_000)
  let creating: Promise<unknown> = Promise.resolve()
  /** What `creating` is making one chat of. */
  let merging: Chat['jids'] = []

  /** Known only when every form is: a new form still has to become an alias. */
  function remembered(cache: Remembered, jids: Jids): string | undefined {
    const [first, ...others] = jids.map((jid) => cache.get(jid))
    return first !== undefined && others.every((id) => id === first) ? first : undefined
  }
  const remember = (cache: Remembered, jids: readonly string[], id: string) => {
    for (const jid of jids) cache.set(jid, id)
    return id
  }

  /** Whoever writes into the other one meanwhile must see it, see `movedTo`. */
  async function announce(keep: Chat, other: Chat): Promise<void> {
    merging = [...keep.jids, ...other.jids]
    remember(chats, merging, keep.chatId)
    await onMerge?.(keep, other)
  }

  /** Two that did not become one are two: the next one to ask tries again. */
  function forgetMerge(error: unknown): never {
    for (const jid of merging) chats.delete(jid)
    throw error
  }

  async function merged(jids: Jids): Promise<void> {
    while (jids.some((jid) => merging.includes(jid))) await creating
  }

  return {
    isNamed: (person, name) => person.every((jid) => names.get(jid) === name),
    named: (person, name) => void remember(names, person, name),
    async chatIdOf(jids, at) {
      await merged(jids)
      const id = remembered(chats, jids)
      if (id !== undefined) return id
      // One at a time: two forms of one address, asked for side by side, would become two chats.
      const turn = creating
        .then(() => store.chats.resolveOrCreate(sessionId, jids, at, announce))
        .catch(forgetMerge)
        .finally(() => (merging = []))
      creating = turn.catch(() => undefined) // Its failure is its caller's.
      const chat = await turn
      return remember(chats, chat.jids, chat.chatId)
    },
    async knownChatId(jids) {
      await merged(jids)
      const id = jids.map((jid) => chats.get(jid)).find((known) => known !== undefined)
      if (id !== undefined) return id
      const chat = await store.chats.resolve(sessionId, jids)
      return chat && remember(chats, chat.jids, chat.chatId)
    },
    async movedTo(chatId) {
      await merged([chatId])
      const now = chats.get(chatId)
      return now === chatId ? undefined : now
    },
    async senderIdOf(chatId, sender) {
      if (sender === 'me') return 'me'
      // In a chat of two the other one is the chat; a channel's posts are the channel's.
      if (isPersonJid(chatId) || sender[0] === chatId) return chatId
      const id = remembered(people, sender)
      if (id !== undefined) return id
      const { contact } = await store.contacts.upsert(sessionId, sender, {})
      return remember(people, contact.jids, contact.contactId)
    },
  }
}
