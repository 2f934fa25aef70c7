// Channels in the hands of pretend phones: made, followed, muted, changed, written in and deleted as in the app.
import { createHash } from 'node:crypto'
import type { Context, Hono } from 'hono'
import type * as v from 'valibot'
import { proto } from '@whiskeysockets/baileys'
import type { Channel } from '../records.ts'
import { createChannelBook, textOf } from '../server/channels/channel-book.ts'
import { reactToPost } from '../server/channels/route-channel-message.ts'
import type { Exchange } from '../server/exchange.ts'
import { Refusal } from '../server/refusal.ts'
import {
  ChangeChannel,
  FollowChannel,
  NewChannel,
  NewChannelPost,
  ReactToChannelPost,
  RemoveChannel,
} from './channel-schemas.ts'
import type { DoorDeps } from './deps.ts'
import { readBody } from './read-input.ts'

const refuse = (code: number): never => {
  if (code === 404) throw new Refusal(404, 'channel.not_found', 'There is no such channel or post.')
  throw new Refusal(409, 'channel.refused', `The server refuses it (${code}).`)
}
const done = <T>(outcome: T | number): T => (typeof outcome === 'number' ? refuse(outcome) : outcome)

type Image = NonNullable<v.InferOutput<typeof NewChannelPost>['image']>

const toImage = async (exchange: Exchange, { base64, mimetype, wrongHash }: Image, caption: string | undefined) => {
  const bytes = Buffer.from(base64, 'base64')
  const fileSha256 = createHash('sha256')
    .update(bytes)
    .update(wrongHash ? 'x' : '')
    .digest()
  return { ...(await exchange.media.put(bytes)), mimetype, caption, fileLength: bytes.byteLength, fileSha256 }
}

export const addChannelRoutes = (app: Hono, { exchange }: DoorDeps): void => {
  const { directory } = exchange
  const book = createChannelBook(exchange)
  const numberOf = (given: string): string => {
    const jid = given.includes('@') ? given : `${given.replace(/\D/g, '')}@s.whatsapp.net`
    const found = directory.resolve(jid)
    if (!found) throw new Refusal(404, 'phone.not_found', `There is no phone ${given}.`)
    return found.phone
  }
  const channelOf = (c: Context): Channel => book.get(c.req.param('channel')) ?? refuse(404)
  const show = (channel: Channel) => ({
    ...channel,
    posts: book.posts(channel.id).map(({ plaintext, ...post }) => ({ ...post, text: textOf(plaintext) })),
  })

  app.post('/channels', async (c) => {
    const { owner, name, description } = await readBody(c, NewChannel)
    return c.json(show(book.create(numberOf(owner), name, description)), 201)
  })
  app.get('/channels', (c) => c.json({ data: book.all().map(show), nextCursor: null }))
  app.get('/channels/:channel', (c) => c.json(show(channelOf(c))))
  app.patch('/channels/:channel', async (c) => {
    const { by, ...wanted } = await readBody(c, ChangeChannel)
    return c.json(show(done(book.change(channelOf(c).id, numberOf(by), wanted))))
  })
  app.post('/channels/:channel/remove', async (c) => {
    const { by } = await readBody(c, RemoveChannel)
    const refusal = book.remove(channelOf(c).id, numberOf(by))
    return refusal === undefined ? c.body(null, 204) : refuse(refusal)
  })
  app.put('/channels/:channel/followers', async (c) => {
    const { phone, followed, muted } = await readBody(c, FollowChannel)
    const { id } = channelOf(c)
    const number = numberOf(phone)
    if (followed !== undefined) done(book.follow(id, number, followed, false))
    if (muted !== undefined) done(book.mute(id, number, muted, false))
    return c.json(show(channelOf(c)))
  })
  app.post('/channels/:channel/posts', async (c) => {
    const { by, text, message, image } = await readBody(c, NewChannelPost)
    const content = image
      ? { imageMessage: await toImage(exchange, image, text) }
      : message
        ? proto.Message.fromObject(message)
        : { conversation: text ?? '' }
    const plaintext = Buffer.from(proto.Message.encode(content).finish())
    const wish = { type: image ? 'media' : 'text', plaintext }
    const post = done(book.write(channelOf(c).id, { phone: numberOf(by), device: 0 }, wish))
    return c.json({ messageId: post.messageId, serverId: post.serverId }, 201)
  })
  app.post('/channels/:channel/reactions', async (c) => {
    const { phone, serverId, emoji } = await readBody(c, ReactToChannelPost)
    const refusal = reactToPost(exchange, channelOf(c).id, numberOf(phone), serverId, emoji)
    return refusal === undefined ? c.body(null, 204) : refuse(refusal)
  })
}
