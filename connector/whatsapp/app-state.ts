// Changes of ours to the account's app state, and what Baileys does not say of the changes that others make.
// rc14 takes a patch that the server has refused (409, somebody was first) for done (Socket/chats.js appPatch, observed
// 2026-11): here the refusal is seen, the state goes back to what it was, and the change is made again on top.
import {
  chatModificationToAppPatch,
  decodeSyncdMutations,
  proto,
  type BinaryNode,
  type ChatModification,
  type ChatMutation,
  type WASocket,
} from '@whiskeysockets/baileys'
import type { AccountChange } from './account-facts.ts'
import type { Identities } from './identities.ts'
import type { KeyStore } from './keys/open-key-store.ts'

const maxTries = 5

export type AppState = ReturnType<typeof createAppState>

export type AppStateOptions = {
  sock: Pick<WASocket, 'chatModify'>
  keys: KeyStore['keys']
  identities: Identities
  tell: (what: AccountChange) => void
  onError: (error: unknown) => void
}

export function createAppState({ sock, keys, identities, tell, onError }: AppStateOptions) {
  const refused = new Set<string>()
  let last: Promise<unknown> = Promise.resolve()
  let reading: Promise<unknown> = Promise.resolve()

  async function modifyNow(change: ChatModification, jid: string): Promise<void> {
    const { type } = chatModificationToAppPatch(change, jid)
    for (let tries = 0; tries < maxTries; tries += 1) {
      const before = (await keys.get('app-state-sync-version', [type]))[type]
      refused.delete(type)
      await sock.chatModify(change, jid)
      if (!refused.has(type)) return
      await keys.set({ 'app-state-sync-version': { [type]: before ?? null } })
    }
    throw new Error('others keep changing the app state')
  }

  /** Cleared and deleted chats: rc14 tells of the second only, and not up to when (Utils/chat-utils.js). */
  function hear({ syncAction, index: [type, jid] }: ChatMutation): void {
    if (type !== 'clearChat' && type !== 'deleteChat') return
    const chat = identities.jidsOf(jid)
    const { value } = syncAction
    const range = (value?.clearChatAction ?? value?.deleteChatAction)?.messageRange
    const at = Number(range?.lastMessageTimestamp ?? 0) * 1_000 || Number(value?.timestamp ?? 0)
    if (chat && Number.isFinite(at) && at > 0)
      tell({ change: 'chat-cleared', chat, upTo: new Date(at), deleted: type === 'deleteChat' })
  }

  async function read(patch: Uint8Array): Promise<void> {
    const { mutations } = proto.SyncdPatch.decode(patch)
    const key = async (id: string) => (await keys.get('app-state-sync-key', [id]))[id]
    const nothing = { version: 0, hash: Buffer.alloc(128), indexValueMap: {} }
    // Its MACs are checked one by one; the chain of them is Baileys' to check.
    await decodeSyncdMutations(mutations, nothing, key, hear, true)
  }

  return {
    /** Resolves once the server has taken it. One after the other: a refusal names no change. */
    modify(change: ChatModification, jid: string): Promise<void> {
      const turn = last.then(() => modifyNow(change, jid))
      last = turn.catch(() => undefined) // Its failure is its caller's.
      return turn
    },

    /** Every node that arrives. */
    note(node: BinaryNode): void {
      if (node.tag !== 'iq' || !Array.isArray(node.content)) return
      const sync = node.content.find(({ tag }) => tag === 'sync')
      for (const collection of childrenOf(sync)) {
        const { name, type } = collection.attrs
        if (type === 'error' && name) refused.add(name)
        const patches = childrenOf(childrenOf(collection).find(({ tag }) => tag === 'patches'))
        for (const { content } of patches)
          if (content instanceof Uint8Array) reading = Promise.all([reading, read(content).catch(onError)])
      }
    },

    /** Every node noted so far has been read, and what it says was told. */
    async noted(): Promise<void> {
      await reading
    },
  }
}

const childrenOf = (node: BinaryNode | undefined): BinaryNode[] => (Array.isArray(node?.content) ? node.content : [])
