// What we do to a chat.
import { done, inGroupForm, type Acts } from './act.ts'

export const chatActs: Acts<'chat.read' | 'chat.typing'> = {
  'chat.read': async (context, command) => {
    const { chatId } = command.payload
    const page = await context.store.messages.page(context.sessionId, chatId, { limit: 100 })
    const refs = page.data.filter((row) => !row.fromMe && !row.historical)
    if (refs.length > 0)
      await context.connection.sending.markRead(
        refs.map((row) => ({
          chat: chatId,
          messageId: row.messageId,
          fromMe: false,
          ...(chatId.endsWith('@g.us') ? { participant: inGroupForm(context, row.sender) } : {}),
        })),
      )
    await context.store.chats.touch(context.sessionId, chatId, { unread: 'clear' })
    return done
  },
  'chat.typing': async (context, command) => {
    await context.connection.sending.typing(command.payload.chatId, command.payload.state)
    return done
  },
}
