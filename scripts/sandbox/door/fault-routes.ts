// Trouble and history on request.
import type { Hono } from 'hono'
import { parseQr } from '../linking/scan-qr.ts'
import { Refusal } from '../server/refusal.ts'
import type { DoorDeps } from './deps.ts'
import { setLock } from '../server/outreach-lock.ts'
import { unixSeconds } from '../server/nodes.ts'
import { readBody } from './read-input.ts'
import { phoneOf } from './phone-routes.ts'
import { newMessageId } from '../phone/send-message.ts'
import { NewFault, NewHistory, OutreachLock } from './schemas.ts'

export const addFaultRoutes = (app: Hono, { exchange, phones, waiting }: DoorDeps): void => {
  const { faults, store } = exchange

  app.post('/faults', async (c) => {
    const { qr, ...fault } = await readBody(c, NewFault)
    if (fault.phone !== undefined) phones.get(fault.phone)
    if (fault.kind === 'http-503' && fault.phone !== undefined) {
      throw new Refusal(422, 'fault.too_early', 'http-503 happens before a client says who it is: leave phone out.')
    }
    let unlinked = waiting.connections()
    if (qr !== undefined) {
      const { ref, secret } = parseQr(qr)
      const owner = waiting.byRef(ref)
      if (!owner) throw new Refusal(409, 'qr.expired', 'No client is waiting with this QR any more.')
      waiting.refuseSecret(secret)
      unlinked = [owner.connection]
    }
    const times = fault.times ?? (fault.kind === 'delay' ? Number.MAX_SAFE_INTEGER : 1)
    return c.json(faults.add({ ...fault, times }, exchange.connections(), unlinked), 201)
  })
  app.get('/faults', (c) => c.json({ data: faults.list(), nextCursor: null }))
  app.delete('/faults', (c) => {
    faults.clear(exchange.connections())
    return c.body(null, 204)
  })

  app.put('/phones/:phone/outreach-lock', async (c) => {
    const { record } = phones.get(phoneOf(c))
    const { active, seconds, notify } = await readBody(c, OutreachLock)
    const lock = seconds === undefined ? {} : { until: unixSeconds() + seconds }
    setLock(exchange, record, active ? lock : undefined, !notify)
    return c.body(null, 204)
  })

  app.post('/history', async (c) => {
    const { phone, ...history } = await readBody(c, NewHistory)
    phones.get(phone)
    // A message that comes in two parts of a sync is one.
    const messages = history.messages.map((one) => ({ ...one, messageId: one.messageId ?? newMessageId() }))
    exchange.transact(() => store.history.put(phone, { ...history, messages }))
    return c.body(null, 204)
  })
}
