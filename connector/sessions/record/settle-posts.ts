// A post of a channel stands once, under whatever name it came first: as ours from the moment we wrote it, from a stanza,
// a notice, or a page of older ones.
import type { MessageFact } from '../../whatsapp/facts.ts'
import type { RecordContext } from './context.ts'

/** These facts without the posts that stand already as ours; those that stand otherwise are named as they stand. */
export async function settlePosts(context: RecordContext, facts: readonly MessageFact[]): Promise<MessageFact[]> {
  const { store, sessionId } = context
  const settled: MessageFact[] = []
  for (const fact of facts) {
    const { post, chat, messageId } = fact
    if (!post) {
      settled.push(fact)
      continue
    }
    const [byId] = await store.messages.find(sessionId, messageId, chat[0], 1)
    const row = (await store.posts.find(sessionId, chat[0], post.serverId)) ?? byId
    if (row && !row.post) await store.posts.number(row._id, post.serverId)
    // Ours is told when the server takes it.
    if (row?.fromMe && row.commandId !== undefined) continue
    if (!row) await nameChat(context, fact)
    if (!row) settled.push(fact)
    else settled.push({ ...fact, messageId: row.messageId, sender: row.fromMe ? 'me' : [row.sender] })
  }
  return settled
}

/** The first post makes the chat; its name came before it. */
async function nameChat({ store, sessionId, addresses }: RecordContext, { chat, at }: MessageFact): Promise<void> {
  if ((await addresses.knownChatId(chat)) !== undefined) return
  const channel = await store.channels.read(sessionId, chat[0])
  const chatId = await addresses.chatIdOf(chat, at)
  if (channel?.name) await store.chats.touch(sessionId, chatId, { name: channel.name })
}
