// What a phone sends and what it has received.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { proto } from '@whiskeysockets/baileys'
import type { Context, Hono } from 'hono'
import type * as v from 'valibot'
import { sealResponse, sealVote } from '../phone/answers.ts'
import type { Wish } from '../phone/content.ts'
import type { Worker } from '../phone/worker.ts'
import { sendMessage } from '../phone/send-message.ts'
import type { ReceivedMessage, SentMessage } from '../records.ts'
import { STORIES } from '../server/route-story.ts'
import { Refusal } from '../server/refusal.ts'
import type { DoorDeps } from './deps.ts'
import { showMedia, toMediaWish } from './media-routes.ts'
import { phoneOf } from './phone-routes.ts'
import { readBody, readQuery } from './read-input.ts'
import { NewMessage, Page } from './schemas.ts'

const DEFAULT_LIMIT = 1000

/** Resolves once `ready` says so or the time is over; looks again whenever the phone stored something. */
const waitUntil = (worker: Worker, ready: () => boolean, seconds: number): Promise<void> =>
  new Promise((resolve) => {
    if (seconds === 0 || ready()) return resolve()
    const done = () => {
      clearTimeout(timer)
      worker.changed.off('changed', look)
      resolve()
    }
    const look = () => {
      if (ready()) done()
    }
    const timer = setTimeout(done, seconds * 1000)
    worker.changed.on('changed', look)
  })

export const addMessageRoutes = (app: Hono, { exchange, phones }: DoorDeps): void => {
  const { store, directory } = exchange

  /** A number or a jid as somebody's number. */
  const numberOf = (to: string): string => {
    const jid = to.includes('@') ? to : `${to.replace(/\D/g, '')}@s.whatsapp.net`
    const found = directory.resolve(jid)
    if (!found) throw new Refusal(404, 'phone.not_found', `There is no phone ${to}.`)
    return found.phone
  }
  /** A group's id, or somebody's number. */
  const chatOf = (phone: string, to: string): string => {
    if (to === STORIES) return to
    if (!to.endsWith('@g.us')) return numberOf(to)
    if (!store.groups.get(to)?.members.some((one) => one.phone === phone))
      throw new Refusal(404, 'group.not_found', `${phone} is in no group ${to}.`)
    return to
  }
  const received = (phone: string, from: string, id: string): ReceivedMessage | undefined => {
    const seq = store.inboxIds.get([phone, from, id])
    return seq === undefined ? undefined : store.inbox.get([phone, seq])
  }
  const sent = (phone: string, id: string): SentMessage | undefined => {
    const seq = store.sentIds.get([phone, id])
    return seq === undefined ? undefined : store.sent.get([phone, seq])
  }

  const wishOf = (phone: string, to: string, body: v.InferOutput<typeof NewMessage>): Wish => {
    const { addressing } = body
    const group = store.groups.get(to)
    const chatJid = group?.id ?? (to === STORIES ? to : directory.jid({ phone: to, device: 0 }, addressing))
    const authors = group ? group.members.map((one) => one.phone) : [to]
    const find = (id: string) => {
      const mine = sent(phone, id) ?? received(phone, phone, id)
      const theirs = authors.map((author) => received(phone, author, id)).find((one) => one !== undefined)
      if (!mine && !theirs) throw new Refusal(404, 'message.not_found', `This phone knows no message ${id}.`)
      const author = mine ? phone : (theirs?.from ?? to)
      const participant = group && directory.jid({ phone: author, device: 0 }, 'lid')
      const key: proto.IMessageKey = {
        remoteJid: chatJid,
        fromMe: mine !== undefined,
        id,
        ...(participant ? { participant } : {}),
      }
      return { key, content: (mine ?? theirs)!.content, author }
    }
    const own = (id: string) => {
      const { key } = find(id)
      // In a group an admin may take back what others wrote; whether it is one is for those to see who receive it.
      if (!key.fromMe && !(group && body.revoke))
        throw new Refusal(409, 'message.not_own', 'Only own messages can be edited or revoked.')
      return key
    }
    if (body.reaction)
      return { kind: 'reaction', emoji: body.reaction.emoji, target: find(body.reaction.messageId).key }
    if (body.edit) return { kind: 'edit', text: body.edit.text, target: own(body.edit.messageId) }
    if (body.revoke) return { kind: 'revoke', target: own(body.revoke.messageId) }
    if (body.pin) return { kind: 'pin', seconds: body.pin.seconds, target: find(body.pin.messageId).key }
    if (body.location) return { kind: 'location', location: body.location }
    if (body.contacts) return { kind: 'contacts', contacts: body.contacts }
    if (body.poll) return { kind: 'poll', poll: body.poll }
    if (body.event) return { kind: 'event', event: body.event }
    if (body.message) return { kind: 'other', message: proto.Message.fromObject(body.message) }
    const answered = body.vote ?? body.response
    if (answered) {
      const { key, content, author } = find(answered.messageId)
      const jidOf = (one: string, form: 'lid' | 'pn') => directory.jid({ phone: one, device: 0 }, form)
      const seal = {
        messageId: answered.messageId,
        original: proto.Message.decode(content),
        author: jidOf(author, answered.names.author),
        answerer: jidOf(phone, answered.names.answerer),
      }
      if (body.vote) return { kind: 'vote', message: sealVote(seal, body.vote.options, key) }
      if (body.response) return { kind: 'response', message: sealResponse(seal, body.response.answer, key) }
    }
    const text = body.text ?? ''
    const mentions = body.mentions?.map((one) => directory.jid({ phone: numberOf(one), device: 0 }, 'lid'))
    if (!body.quotedMessageId) return { kind: 'text', text, ...(mentions ? { mentions } : {}) }
    const { content, author } = find(body.quotedMessageId)
    const authorJid = directory.jid({ phone: author, device: 0 }, addressing)
    return { kind: 'text', text, quoted: { messageId: body.quotedMessageId, author: authorJid, content } }
  }

  app.post('/phones/:phone/messages', async (c) => {
    const { record, worker } = phones.get(phoneOf(c))
    const body = await readBody(c, NewMessage)
    const to = chatOf(record.phone, body.to)
    const messageIds = await worker.run(async () => {
      const wish = body.media ? await toMediaWish(exchange, body.media) : wishOf(record.phone, to, body)
      const ids: string[] = []
      for (let i = 1; i <= (body.count ?? 1); i++) {
        const one: Wish =
          body.count !== undefined && wish.kind === 'text' ? { ...wish, text: `${wish.text} ${i}` } : wish
        ids.push(await sendMessage(worker, to, one, body.addressing, { ...body, viewers: body.viewers?.map(numberOf) }))
        // Clients must get a word in between two messages of a burst.
        await nextTurn()
      }
      return ids
    })
    return c.json({ messageId: messageIds[0], messageIds }, 201)
  })

  const page = async <T extends { seq: number }>(
    c: Context,
    worker: Worker,
    query: v.InferOutput<typeof Page>,
    rows: (after: number) => Iterable<T>,
    show: (row: T) => Promise<object>,
  ) => {
    const limit = query.limit ?? DEFAULT_LIMIT
    const take = (count: number) => {
      const taken: T[] = []
      for (const row of rows(query.after ?? 0)) {
        if (taken.length === count) break
        taken.push(row)
      }
      return taken
    }
    const wanted = query.atLeast ?? 0
    await waitUntil(worker, () => take(wanted).length >= wanted, query.wait ?? 0)
    const data = take(limit)
    const last = data.at(-1)
    return c.json({
      data: await Promise.all(data.map(show)),
      nextCursor: data.length === limit && last ? String(last.seq) : null,
    })
  }

  app.get('/phones/:phone/messages', async (c) => {
    const { record, worker } = phones.get(phoneOf(c))
    const query = readQuery(c, Page)
    const from = query.from === undefined ? undefined : numberOf(query.from)
    const fromMe = query.fromMe === 'true' || from === record.phone
    const rows = function* (after: number) {
      for (const { value } of store.inbox.rows([record.phone], { after })) {
        if (value.fromMe !== fromMe || (from !== undefined && value.from !== from)) continue
        if (query.messageId === undefined || query.messageId === value.messageId) yield value
      }
    }
    return page(c, worker, query, rows, ({ content: _content, ...row }) => showMedia(exchange, row))
  })

  app.get('/phones/:phone/sent', async (c) => {
    const { record, worker } = phones.get(phoneOf(c))
    const query = readQuery(c, Page)
    const rows = function* (after: number) {
      for (const { value } of store.sent.rows([record.phone], { after })) {
        if (query.messageId !== undefined && query.messageId !== value.messageId) continue
        if (query.receipt === undefined || value.receipts.some(({ type }) => type === query.receipt)) yield value
      }
    }
    return page(c, worker, query, rows, ({ content: _content, ...row }) => Promise.resolve(row))
  })
}
