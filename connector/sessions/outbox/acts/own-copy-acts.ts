// What we do to messages besides writing them: stars, labels and deletions that only we see, pins that everybody sees.
import type { Message } from '../../../../shared/model/message.ts'
import type { OwnCopy } from '../../../whatsapp/account-facts.ts'
import { recordAccount } from '../../record/record-account.ts'
import { awaitingAck, done, idOf, targetOf, unknownTarget, type Acts } from './act.ts'

const toCopy = ({ chatId, messageId, fromMe }: Message): OwnCopy => ({ chat: [chatId], messageId, fromMe })

export type OwnCopyKind = 'message.star' | 'message.hide' | 'message.label' | 'message.pin'

export const ownCopyActs: Acts<OwnCopyKind> = {
  'message.star': async (context, { payload }) => {
    const target = await targetOf(context, payload, payload.targetSender)
    if (!target) return unknownTarget
    await context.connection.chats.star(target.ref, payload.starred)
    await recordAccount(context, { change: 'star', target: toCopy(target.row), starred: payload.starred })
    return done
  },
  'message.hide': async (context, { payload }) => {
    const target = await targetOf(context, payload, payload.targetSender)
    // It is gone already, by our own hand or another one's.
    if (!target) return done
    await context.connection.chats.hide(target.ref, target.row.timestamp)
    await recordAccount(context, { change: 'message-hidden', target: toCopy(target.row) })
    return done
  },
  'message.label': async (context, { payload }) => {
    const target = await targetOf(context, payload, payload.targetSender)
    if (!target) return unknownTarget
    const { labelId, labeled } = payload
    const { chatId, messageId } = target.row
    await context.connection.chats.labelMessage(chatId, messageId, labelId, labeled)
    await recordAccount(context, { change: 'message-label', chat: [chatId], messageId, labelId, labeled })
    return done
  },
  'message.pin': async (context, command) => {
    const { payload } = command
    const target = await targetOf(context, payload, payload.targetSender)
    if (!target) return unknownTarget
    await context.connection.sending.pin(target.ref, idOf(command), payload.seconds)
    return awaitingAck
  },
}
