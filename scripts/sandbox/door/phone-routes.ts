// Phones: made, shown, thrown away, and linked to clients.
import type { Context, Hono } from 'hono'
import { unlinkDevice } from '../linking/unlink-device.ts'
import { scanQr } from '../linking/scan-qr.ts'
import { createPhone } from '../phone/create-phone.ts'
import type { Device } from '../records.ts'
import { Refusal } from '../server/refusal.ts'
import type { DoorDeps } from './deps.ts'
import { readBody } from './read-input.ts'
import { NewPhone, Pair, Scan } from './schemas.ts'

const MAX_NUMBER_DIGITS = 15

/** The number in a path, however it is written; longer than any number it is nobody's. */
export const phoneOf = (c: Context): string =>
  (c.req.param('phone') ?? '').replace(/\D/g, '').slice(0, MAX_NUMBER_DIGITS + 1)

export const addPhoneRoutes = (app: Hono, deps: DoorDeps): void => {
  const { exchange, phones, waiting, codes, signals } = deps
  const { store, directory } = exchange

  const describe = (phone: string) => {
    const { record } = phones.get(phone)
    const devices = directory.devices(phone).flatMap((address) => {
      const device = store.devices.get([phone, address.device])
      if (!device) return []
      return {
        device: device.device,
        jid: directory.jid(address, 'pn'),
        online: exchange.online(address)?.active ?? false,
        platform: device.platform,
        linkedAt: device.linkedAt,
        queued: exchange.queuedCount(address),
      }
    })
    const { lid, name, counters } = record
    return {
      phone,
      lid: `${lid}@lid`,
      name,
      devices,
      counters,
      presence: signals.presenceOf(phone),
      signals: signals.seen(phone),
    }
  }

  const linked = (device: Device) => {
    const address = { phone: device.phone, device: device.device }
    return { device: device.device, jid: directory.jid(address, 'pn'), lid: directory.jid(address, 'lid') }
  }

  app.post('/phones', async (c) => {
    const record = createPhone(exchange, await readBody(c, NewPhone))
    return c.json({ phone: record.phone, lid: `${record.lid}@lid`, name: record.name }, 201)
  })
  app.get('/phones', (c) => c.json({ data: store.phones.all().map(describe), nextCursor: null }))
  app.get('/phones/:phone', (c) => c.json(describe(phoneOf(c))))
  app.delete('/phones/:phone', async (c) => {
    const phone = phoneOf(c)
    const { record, worker } = phones.get(phone)
    await worker.run(async () => {
      for (const address of directory.devices(phone)) if (address.device !== 0) unlinkDevice(exchange, address)
      exchange.transact(() => {
        for (const table of [
          store.inbox,
          store.inboxIds,
          store.sent,
          store.sentIds,
          store.signal,
          store.queue,
          store.patches,
          store.watchers,
        ]) {
          table.clear([phone])
        }
        store.history.remove(phone)
        store.lids.remove(record.lid)
        store.phones.remove(phone)
      })
    })
    phones.forget(phone)
    return c.body(null, 204)
  })

  app.post('/phones/:phone/scan', async (c) => {
    const { record } = phones.get(phoneOf(c))
    const { qr } = await readBody(c, Scan)
    return c.json(linked(await scanQr(exchange, waiting, record, qr)))
  })
  app.post('/phones/:phone/pair', async (c) => {
    const { record } = phones.get(phoneOf(c))
    const { code } = await readBody(c, Pair)
    return c.json(linked(await codes.type(record, code)))
  })
  app.post('/phones/:phone/devices/:device/logout', (c) => {
    const { record } = phones.get(phoneOf(c))
    const address = { phone: record.phone, device: Number(c.req.param('device')) }
    if (!Number.isInteger(address.device) || !store.devices.get([address.phone, address.device])) {
      throw new Refusal(404, 'device.not_found', 'This phone has no such linked device.')
    }
    unlinkDevice(exchange, address)
    return c.body(null, 204)
  })
}
