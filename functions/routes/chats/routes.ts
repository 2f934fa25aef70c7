// Chats.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { askOlderMessages } from './ask-older.ts'
import { changeChat } from './change.ts'
import { listChats } from './list.ts'
import { markChatRead } from './mark-read.ts'
import { patchChat } from './patch.ts'
import { readChat } from './read.ts'
import { setTyping } from './set-typing.ts'

export const chatsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/sessions/:sessionId/chats', listChats(api))
    .get('/v1/sessions/:sessionId/chats/:chatId', readChat(api))
    .patch('/v1/sessions/:sessionId/chats/:chatId', patchChat(api))
    .delete('/v1/sessions/:sessionId/chats/:chatId', changeChat(api, 'chat.delete'))
    .delete('/v1/sessions/:sessionId/chats/:chatId/messages', changeChat(api, 'chat.clear'))
    .post('/v1/sessions/:sessionId/chats/:chatId/read', markChatRead(api))
    .post('/v1/sessions/:sessionId/chats/:chatId/history', askOlderMessages(api))
    .post('/v1/sessions/:sessionId/chats/:chatId/unread', changeChat(api, 'chat.unread'))
    .put('/v1/sessions/:sessionId/chats/:chatId/typing', setTyping(api))
