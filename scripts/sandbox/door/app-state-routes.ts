// What a phone changes of its chats, contacts and labels, and what its companions have changed.
import type { Hono } from 'hono'
import type * as v from 'valibot'
import { type AppStateChange, changeAppState, readAppState } from '../phone/app-state.ts'
import { Refusal } from '../server/refusal.ts'
import { unixSeconds } from '../server/nodes.ts'
import type { DoorDeps } from './deps.ts'
import { phoneOf } from './phone-routes.ts'
import { readBody } from './read-input.ts'
import { AppStateWish } from './schemas-account.ts'

const toChange = (wish: v.InferOutput<typeof AppStateWish>): AppStateChange => {
  const upTo = wish.upTo === undefined ? unixSeconds() : unixSeconds(Date.parse(wish.upTo))
  const lastMessages = { lastMessageTimestamp: upTo }
  if (wish.archive !== undefined) return { archive: wish.archive, lastMessages }
  if (wish.pin !== undefined) return { pin: wish.pin }
  if (wish.mute !== undefined) return { mute: wish.mute === null ? null : Date.parse(wish.mute) }
  if (wish.read !== undefined) return { markRead: wish.read, lastMessages }
  if (wish.lock !== undefined) return { lock: wish.lock }
  if (wish.clear) return { clear: true, lastMessages }
  if (wish.delete) return { delete: true, lastMessages }
  if (wish.star) {
    const { messageId, fromMe, starred } = wish.star
    return { star: { messages: [{ id: messageId, fromMe }], star: starred } }
  }
  if (wish.deleteForMe) {
    const { messageId, fromMe } = wish.deleteForMe
    return { deleteForMe: { deleteMedia: false, key: { id: messageId, fromMe }, timestamp: upTo } }
  }
  if (wish.label) return { addLabel: wish.label }
  if (wish.labelChat) {
    const { labelId, labeled } = wish.labelChat
    return labeled ? { addChatLabel: { labelId } } : { removeChatLabel: { labelId } }
  }
  if (wish.labelMessage) {
    const { labeled, ...on } = wish.labelMessage
    return labeled ? { addMessageLabel: on } : { removeMessageLabel: on }
  }
  if (wish.contact) return { contact: { fullName: wish.contact.name, firstName: wish.contact.name } }
  return { pushNameSetting: wish.pushName ?? '' }
}

export const addAppStateRoutes = (app: Hono, { exchange, phones }: DoorDeps): void => {
  const { directory } = exchange
  const jidOf = (chat: string | undefined, addressing: 'lid' | 'pn'): string => {
    if (chat === undefined || chat.endsWith('@g.us')) return chat ?? ''
    const found = directory.resolve(chat.includes('@') ? chat : `${chat.replace(/\D/g, '')}@s.whatsapp.net`)
    if (!found) throw new Refusal(404, 'phone.not_found', `There is no phone ${chat}.`)
    return directory.jid({ phone: found.phone, device: 0 }, addressing)
  }

  app.post('/phones/:phone/app-state', async (c) => {
    const { worker } = phones.get(phoneOf(c))
    const wish = await readBody(c, AppStateWish)
    const jid = jidOf(wish.chat, wish.addressing)
    await worker.run(async () => {
      await changeAppState(worker, toChange(wish), jid, { held: wish.onNextPatch, spoiled: wish.spoiled })
      if (wish.pushName !== undefined) exchange.savePhone({ ...worker.record(), name: wish.pushName })
    })
    return c.body(null, 204)
  })
  app.get('/phones/:phone/app-state', async (c) => {
    const { worker } = phones.get(phoneOf(c))
    return c.json(await worker.run(() => readAppState(worker)))
  })
}
