// Messages.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { editMessage } from './edit.ts'
import { labelMessage } from './label.ts'
import { forwardMessage } from './forward.ts'
import { listMessages } from './history.ts'
import { pinMessage } from './pin.ts'
import { reactToMessage } from './react.ts'
import { readMessage } from './read.ts'
import { respondToEvent } from './respond.ts'
import { revokeMessage } from './revoke.ts'
import { searchMessages } from './search.ts'
import { sendMessage } from './send.ts'
import { voteInPoll } from './vote.ts'
import { starMessage } from './star.ts'

export const messagesRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .post('/v1/sessions/:sessionId/messages', sendMessage(api))
    .get('/v1/sessions/:sessionId/messages/search', searchMessages(api))
    .get('/v1/sessions/:sessionId/messages/:messageId', readMessage(api))
    .patch('/v1/sessions/:sessionId/messages/:messageId', editMessage(api))
    .delete('/v1/sessions/:sessionId/messages/:messageId', revokeMessage(api))
    .put('/v1/sessions/:sessionId/messages/:messageId/reaction', reactToMessage(api))
    .post('/v1/sessions/:sessionId/messages/:messageId/forward', forwardMessage(api))
    .post('/v1/sessions/:sessionId/messages/:messageId/poll-vote', voteInPoll(api))
    .put('/v1/sessions/:sessionId/messages/:messageId/event-response', respondToEvent(api))
    .put('/v1/sessions/:sessionId/messages/:messageId/star', starMessage(api))
    .put('/v1/sessions/:sessionId/messages/:messageId/pin', pinMessage(api))
    .put('/v1/sessions/:sessionId/messages/:messageId/labels/:labelId', labelMessage(api, true))
    .delete('/v1/sessions/:sessionId/messages/:messageId/labels/:labelId', labelMessage(api, false))
    .get('/v1/sessions/:sessionId/chats/:chatId/messages', listMessages(api))
