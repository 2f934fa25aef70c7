// What a companion asks its own phone for, privately. Only a resend of a message that the companion could not show is
// answered here; other requests are acknowledged and left.
import type { proto } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Worker } from './worker.ts'

export const answerPeerRequest = async (
  worker: Worker,
  from: Address,
  requestId: string,
  content: proto.IMessage,
): Promise<void> => {
  const request = content.protocolMessage?.peerDataOperationRequestMessage
  if (!request) return
  worker.exchange.log.debug(
    { phone: worker.self.phone, device: from.device, requestId, type: request.peerDataOperationRequestType },
    'a peer request that pretend phones do not answer',
  )
}
