// The live names of both requirement documents, for sockets opened with `?compat=1`.
import type { StoredEvent } from '../../shared/model/event.ts'

type MessageData = {
  messageId: string
  chatId: string
  from: string
  fromMe: boolean
  text?: string
  type: string
  timestamp: unknown
}

export function toCompatFrames(event: StoredEvent): { event: string; data: object }[] {
  const sessionId = event.stream
  const { data } = event
  switch (event.type) {
    case 'session.qr':
      return [{ event: 'qr-code', data: { sessionId, qr: data['qr'] } }]
    case 'session.connected':
      return [{ event: 'session-connected', data: { sessionId, phone: data['phone'] } }]
    case 'session.disconnected':
    case 'session.logged_out':
      return [{ event: 'session-disconnected', data: { sessionId } }]
    case 'message.received': {
      const message = data as unknown as MessageData
      const { messageId, chatId, from, fromMe, text, type, timestamp } = message
      return [
        { event: 'message-received', data: { sessionId, from, body: text ?? '', messageId } },
        { event: 'new-message', data: { jid: chatId, fromMe, type, content: text ?? '', timestamp } },
      ]
    }
    case 'message.sent': {
      const { messageId, chatId, text } = data as unknown as MessageData
      return [{ event: 'message-sent', data: { sessionId, to: chatId, text: text ?? '', messageId } }]
    }
    default:
      return []
  }
}
