// GET /v1/sessions/{id}/chats/{chatId}: one chat.
import { toChatView } from '../../../shared/model/chat.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation } from '../../operation.ts'
import { findChat } from './find-chat.ts'

export const readChat = (api: Api) =>
  sessionOperation(api, { scope: 'chats.read' }, async (c, { sessionId }) => {
    await api.sessions.mustExist(sessionId)
    return c.json(toChatView(await findChat(api, sessionId, c.req.param('chatId') ?? '')))
  })
