// Chats.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { listChats } from './list.ts'
import { markChatRead } from './mark-read.ts'
import { readChat } from './read.ts'
import { setTyping } from './set-typing.ts'

export const chatsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/sessions/:sessionId/chats', listChats(api))
    .get('/v1/sessions/:sessionId/chats/:chatId', readChat(api))
    .post('/v1/sessions/:sessionId/chats/:chatId/read', markChatRead(api))
    .put('/v1/sessions/:sessionId/chats/:chatId/typing', setTyping(api))
