// All pretend phones of a sandbox: each gets its worker when something first happens to it.
import type { Phone } from '../records.ts'
import type { Exchange } from '../server/exchange.ts'
import { Refusal } from '../server/refusal.ts'
import { createPhoneWorker } from './phone-worker.ts'
import type { Worker } from './worker.ts'

export type Phones = ReturnType<typeof createPhones>

export const createPhones = (exchange: Exchange) => {
  const workers = new Map<string, Worker>()
  const worker = (phone: string): Worker | undefined => {
    const known = workers.get(phone)
    if (known) return known
    const record = exchange.store.phones.get(phone)
    if (!record) return undefined
    const made = createPhoneWorker(exchange, record)
    workers.set(phone, made)
    return made
  }
  exchange.onWork((phone) => worker(phone)?.wake())
  return {
    get: (phone: string): { record: Phone; worker: Worker } => {
      const found = worker(phone)
      if (!found) throw new Refusal(404, 'phone.not_found', `There is no phone ${phone}.`)
      return { record: found.record(), worker: found }
    },
    find: worker,
    forget: (phone: string) => workers.delete(phone),
    /** Takes up what a restart interrupted. */
    resume: () => {
      for (const phone of exchange.store.phones.all()) {
        if (exchange.queuedCount({ phone, device: 0 }) > 0) worker(phone)?.wake()
      }
    },
    /** Resolves once nothing that was asked so far is still running. */
    idle: async () => {
      await Promise.all([...workers.values()].map((one) => one.run(async () => undefined)))
    },
  }
}
