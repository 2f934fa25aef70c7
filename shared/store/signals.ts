// Presence and typing: live only, gone after a minute, never numbered.
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { Signal } from '../model/event.ts'

export const signalIndexes: IndexDescription[] = [{ key: { at: 1 }, name: 'minute', expireAfterSeconds: 60 }]

export function createSignalStore(db: Db) {
  const signals: Collection<Signal> = db.collection('signals')
  return {
    async send(signal: Omit<Signal, 'at'>): Promise<void> {
      await signals.insertOne({ ...signal, at: new Date() }, { writeConcern: { w: 1 } })
    },
  }
}
