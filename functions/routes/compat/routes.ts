// The words of both requirement documents, over the same operations.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { connectDefault } from './connect.ts'
import { disconnectDefault } from './disconnect.ts'
import { generateQr } from './generate-qr.ts'
import { listCompatChats } from './list-chats.ts'
import { listCompatContacts } from './list-contacts.ts'
import { listCompatMessages } from './list-messages.ts'
import { readCompatQr } from './read-qr.ts'
import { sendCompatMedia } from './send-media.ts'
import { sendCompatText } from './send-text.ts'
import { defaultStatus } from './status.ts'

export const compatRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .post('/generate-qr', generateQr(api))
    .get('/qr/:sessionId', readCompatQr(api))
    .get('/contacts/:sessionId', listCompatContacts(api))
    .post('/whatsapp/session/connect', connectDefault(api))
    .get('/whatsapp/session/status', defaultStatus(api))
    .post('/whatsapp/session/disconnect', disconnectDefault(api))
    .post('/whatsapp/message/send/text', sendCompatText(api))
    .post('/whatsapp/message/send/media', sendCompatMedia(api))
    .get('/whatsapp/chats', listCompatChats(api))
    .get('/whatsapp/messages/:jid', listCompatMessages(api))
