// Connector processes: a heartbeat each, so that people see who is awake.
import type { Collection, Db, IndexDescription } from 'mongodb'

export type ConnectorReport = {
  _id: string
  startedAt: Date
  heartbeatAt: Date
  capacity: number
  sessions: number
  draining: boolean
  rssMb: number
  version: string
  relayUrl?: string
}

export const connectorIndexes: IndexDescription[] = [{ key: { heartbeatAt: 1 }, name: 'gone', expireAfterSeconds: 600 }]

export type ConnectorStore = ReturnType<typeof createConnectorStore>

export function createConnectorStore(db: Db) {
  const connectors: Collection<ConnectorReport> = db.collection('connectors')
  return {
    async report(id: string, report: Omit<ConnectorReport, '_id'>): Promise<void> {
      await connectors.replaceOne({ _id: id }, report, { upsert: true })
    },
    async remove(id: string): Promise<void> {
      await connectors.deleteOne({ _id: id })
    },
    async list(): Promise<ConnectorReport[]> {
      return connectors.find({}).sort({ _id: 1 }).toArray()
    },
  }
}
