// What a companion asks its own phone for, privately: a message that was withheld from companions, or messages of a chat
// that are older than what it was given. Other requests are acknowledged and left.
import { proto } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import { unixSeconds } from '../server/nodes.ts'
import { olderMessages, sendPeerMessages } from './history-sync.ts'
import type { Worker } from './worker.ts'

const { PeerDataOperationRequestType: Request } = proto.Message
const { Type } = proto.Message.ProtocolMessage

export const answerPeerRequest = async (
  worker: Worker,
  from: Address,
  requestId: string,
  content: proto.IMessage,
): Promise<void> => {
  const request = content.protocolMessage?.peerDataOperationRequestMessage
  switch (request?.peerDataOperationRequestType) {
    case Request.PLACEHOLDER_MESSAGE_RESEND: {
      const keys = (request.placeholderMessageResendRequest ?? []).map(({ messageKey }) => messageKey)
      const found = keys.map((key) => (key ? ownCopy(worker, key) : undefined)).filter((copy) => copy !== undefined)
      const response = {
        stanzaId: requestId,
        peerDataOperationRequestType: Request.PLACEHOLDER_MESSAGE_RESEND,
        peerDataOperationResult: found.map((copy) => ({
          placeholderMessageResendResponse: { webMessageInfoBytes: proto.WebMessageInfo.encode(copy).finish() },
        })),
      }
      return sendPeerMessages(worker, from, [
        {
          type: Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
          peerDataOperationRequestResponseMessage: response,
        },
      ])
    }
    case Request.HISTORY_SYNC_ON_DEMAND: {
      const asked = request.historySyncOnDemandRequest
      if (!asked) return
      return sendPeerMessages(worker, from, [await olderMessages(worker, asked, requestId)])
    }
    default:
      worker.exchange.log.debug({ phone: worker.self.phone, device: from.device, requestId }, 'a peer request is left')
  }
}

/** What the phone itself has of it. */
const ownCopy = (worker: Worker, key: proto.IMessageKey): proto.IWebMessageInfo | undefined => {
  const { store, directory } = worker.exchange
  const sender = directory.resolve(key.participant ?? key.remoteJid ?? '')
  const seq = sender && store.inboxIds.get([worker.self.phone, sender.phone, key.id ?? ''])
  const kept = seq === undefined ? undefined : store.inbox.get([worker.self.phone, seq])
  return (
    kept && {
      key,
      message: proto.Message.decode(kept.content),
      messageTimestamp: unixSeconds(Date.parse(kept.at)),
    }
  )
}
