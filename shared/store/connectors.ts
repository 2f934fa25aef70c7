// Connector processes: a heartbeat each, and beside it what was asked of them. The server's clock decides who is silent.
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { Connector, ConnectorReport } from '../model/connector.ts'
import { formatCursor, parseCursor, type Page } from '../model/page.ts'

export const connectorIndexes: IndexDescription[] = [{ key: { heartbeatAt: 1 }, name: 'gone', expireAfterSeconds: 600 }]

export type ConnectorStore = ReturnType<typeof createConnectorStore>

type Row = Omit<Connector, 'isSilent'>

const withSilence = {
  $set: { isSilent: { $gt: [{ $subtract: ['$$NOW', '$heartbeatAt'] }, '$silentAfterMs'] } },
}

export function createConnectorStore(db: Db) {
  const connectors: Collection<Row> = db.collection('connectors')

  async function read(id: string): Promise<Connector | null> {
    const [found] = await connectors.aggregate<Connector>([{ $match: { _id: id } }, withSilence]).toArray()
    return found ?? null
  }

  return {
    /**
     * A heartbeat: writes what is the process's own, and answers what stands now. `known` is what it last heard of its
     * document, for when that has expired meanwhile (a process that was frozen for long).
     */
    async report(
      id: string,
      report: ConnectorReport,
      known?: { startedAt: Date; draining: boolean },
    ): Promise<{ startedAt: Date; draining: boolean }> {
      const own = Object.fromEntries(Object.entries(report).map(([name, value]) => [name, { $literal: value }]))
      const row = await connectors.findOneAndUpdate(
        { _id: id },
        [
          {
            $set: {
              ...own,
              heartbeatAt: '$$NOW',
              startedAt: { $ifNull: ['$startedAt', known?.startedAt ?? '$$NOW'] },
              draining: { $ifNull: ['$draining', known?.draining ?? false] },
            },
          },
        ],
        { upsert: true, returnDocument: 'after', projection: { startedAt: 1, draining: 1 } },
      )
      return row as Pick<Row, 'startedAt' | 'draining'>
    },

    /** Asks it to let its sessions go, or takes that back; asked again it changes nothing. `null`: there is none. */
    async wishDrain(id: string, draining: boolean): Promise<Connector | null> {
      // How far an earlier drain had come says nothing about this one.
      await connectors.updateOne({ _id: id }, [
        { $set: { draining, drain: { $cond: [{ $eq: ['$draining', draining] }, '$drain', null] } } },
      ])
      return read(id)
    },

    read,

    /** By id. */
    async page(limit: number, cursor: string | undefined): Promise<Page<Connector>> {
      const [after] = cursor === undefined ? [] : (parseCursor('connectors', cursor, ['string']) as [string])
      const rows = await connectors
        .aggregate<Connector>([
          { $match: after === undefined ? {} : { _id: { $gt: after } } },
          { $sort: { _id: 1 } },
          { $limit: limit + 1 },
          withSilence,
        ])
        .toArray()
      const data = rows.slice(0, limit)
      const last = data.at(-1)
      return { data, nextCursor: rows.length > limit && last ? formatCursor('connectors', [last._id]) : null }
    },

    /** Those that are not silent, by id. */
    async awake(): Promise<Connector[]> {
      return connectors
        .aggregate<Connector>([{ $sort: { _id: 1 } }, withSilence, { $match: { isSilent: false } }])
        .toArray()
    },

    async remove(id: string): Promise<void> {
      await connectors.deleteOne({ _id: id })
    },
  }
}
