// Messages.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { editMessage } from './edit.ts'
import { listMessages } from './history.ts'
import { reactToMessage } from './react.ts'
import { readMessage } from './read.ts'
import { revokeMessage } from './revoke.ts'
import { sendMessage } from './send.ts'

export const messagesRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .post('/v1/sessions/:sessionId/messages', sendMessage(api))
    .get('/v1/sessions/:sessionId/messages/:messageId', readMessage(api))
    .patch('/v1/sessions/:sessionId/messages/:messageId', editMessage(api))
    .delete('/v1/sessions/:sessionId/messages/:messageId', revokeMessage(api))
    .put('/v1/sessions/:sessionId/messages/:messageId/reaction', reactToMessage(api))
    .get('/v1/sessions/:sessionId/chats/:chatId/messages', listMessages(api))
