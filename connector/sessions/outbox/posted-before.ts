// A post of ours that may have left before goes again only when its channel does not have it: what is sent into a channel
// twice under one id stands there twice, as nobody who reads plain text drops the second.
import type { Command } from '../../../shared/model/command.ts'
import { isChannelJid } from '../../../shared/model/jid.ts'
import { ChannelRefusal } from '../../whatsapp/channels.ts'
import { recordStatuses } from '../record/record-changes.ts'
import { idOf, type ActContext } from './acts/act.ts'

/** How far our clock may be ahead of WhatsApp's, ms. */
const clockSlackMs = 600_000

/** It was tried before, here or by a former owner. */
export const wasInHand = ({ attempts, trials, mayBeOut }: Command): boolean =>
  attempts > 1 || trials !== undefined || mayBeOut === true

/** `true`: it stands in its channel, and is recorded as sent. Rejects when that cannot be asked. */
export async function isPostedBefore(context: ActContext, command: Command): Promise<boolean> {
  if (command.kind !== 'message.send' || !wasInHand(command)) return false
  const { payload, createdAt, notBefore = createdAt } = command as Command<'message.send'>
  if (!isChannelJid(payload.to)) return false
  const since = new Date(Math.max(createdAt.getTime(), notBefore.getTime()) - clockSlackMs)
  const messageId = idOf(command)
  try {
    const post = await context.connection.channels.find(payload.to, messageId, since)
    if (!post) return false
    await recordStatuses(context, [{ kind: 'ack', chat: [payload.to], messageId, ...post }])
    return true
  } catch (error) {
    // Where there is no channel, nothing was posted; what becomes of this one WhatsApp says when it is sent.
    if (error instanceof ChannelRefusal && error.code === 404) return false
    throw error
  }
}
