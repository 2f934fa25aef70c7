// What we do to a chat.
import { isChannelJid } from '../../../../shared/model/jid.ts'
import { inItsChat } from '../../record/where-it-stands.ts'
import { done, toRef, type Acts } from './act.ts'

export const chatActs: Acts<'chat.read' | 'chat.typing' | 'chat.history'> = {
  'chat.history': async (context, { payload: { chatId, count } }) => {
    const oldest = await inItsChat(context, chatId, (at) => context.store.messages.oldest(context.sessionId, at))
    if (!oldest) return { outcome: 'failed', code: 'chat.empty', reason: 'There is no message to ask from' }
    await context.connection.chats.askOlder(toRef(context, oldest), oldest.timestamp, count)
    return done
  },
  'chat.read': async (context, command) => {
    const { chatId, page } = await inItsChat(context, command.payload.chatId, async (at) => ({
      chatId: at,
      page: await context.store.messages.page(context.sessionId, at, { limit: 100 }),
    }))
    if (isChannelJid(chatId)) {
      const seen = page.data.flatMap(({ post, fromMe, historical }) => (post && !fromMe && !historical ? post : []))
      if (seen.length > 0)
        await context.connection.channels.view(
          chatId,
          seen.map(({ serverId }) => serverId),
        )
      await context.store.chats.touch(context.sessionId, chatId, { unread: 'clear' })
      return done
    }
    const refs = page.data.filter((row) => !row.fromMe && !row.historical)
    if (refs.length > 0) await context.connection.sending.markRead(refs.map((row) => toRef(context, row)))
    await context.store.chats.touch(context.sessionId, chatId, { unread: 'clear' })
    return done
  },
  'chat.typing': async (context, command) => {
    await context.connection.sending.typing(command.payload.chatId, command.payload.state)
    return done
  },
}
