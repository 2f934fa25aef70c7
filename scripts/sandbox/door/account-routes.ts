// What a phone shows of itself, whom it blocks, and whom it calls.
import type { Hono } from 'hono'
import { block, changePicture, DEFAULT_ABOUT } from '../iq/account.ts'
import { Refusal } from '../server/refusal.ts'
import type { DoorDeps } from './deps.ts'
import { phoneOf } from './phone-routes.ts'
import { readBody } from './read-input.ts'
import { Block, EndCall, NewCall, NewProfile } from './schemas-account.ts'

export const addAccountRoutes = (app: Hono, { exchange, phones, calls }: DoorDeps): void => {
  const { directory } = exchange
  const numberOf = (to: string): string => {
    const found = directory.resolve(to.includes('@') ? to : `${to.replace(/\D/g, '')}@s.whatsapp.net`)
    if (!found) throw new Refusal(404, 'phone.not_found', `There is no phone ${to}.`)
    return found.phone
  }

  app.get('/phones/:phone/profile', (c) => {
    const { record } = phones.get(phoneOf(c))
    const { name, about = DEFAULT_ABOUT, pictureUrl = null, privacy = {}, blocked = [] } = record
    return c.json({ name, about, pictureUrl, privacy, blocked })
  })
  app.patch('/phones/:phone/profile', async (c) => {
    const { record } = phones.get(phoneOf(c))
    const { about, pictureUrl } = await readBody(c, NewProfile)
    if (about !== undefined) exchange.savePhone({ ...record, about })
    if (pictureUrl !== undefined) changePicture(exchange, record.phone, pictureUrl ?? undefined)
    return c.body(null, 204)
  })

  app.post('/phones/:phone/block', async (c) => {
    const { worker } = phones.get(phoneOf(c))
    const { who, blocked } = await readBody(c, Block)
    block(exchange, worker.self, numberOf(who), blocked)
    return c.body(null, 204)
  })

  app.get('/phones/:phone/calls', (c) =>
    c.json({ data: calls.of(phones.get(phoneOf(c)).record.phone), nextCursor: null }),
  )
  app.post('/phones/:phone/calls', async (c) => {
    const { record } = phones.get(phoneOf(c))
    const { to, video } = await readBody(c, NewCall)
    return c.json(calls.ring(record.phone, numberOf(to), video), 201)
  })
  app.post('/phones/:phone/calls/:callId/end', async (c) => {
    const { record } = phones.get(phoneOf(c))
    const { reason } = await readBody(c, EndCall)
    const known = calls.of(record.phone).find(({ callId }) => callId === c.req.param('callId'))
    const ended = known && calls.end(known.callId, reason)
    if (!ended) throw new Refusal(404, 'call.not_found', 'This phone knows no such call.')
    return c.json(ended)
  })
}
