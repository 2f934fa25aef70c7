// Labels of a session. An id is taken once and never used again, also when its label is deleted.
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { Label } from '../model/label.ts'
import { isDuplicateKey } from './client.ts'

export const labelIndexes: IndexDescription[] = [
  { key: { sessionId: 1, _id: 1 }, name: 'session' }, // list(), reserve()
]

/** More than any account has (WhatsApp's app: 20). */
const mostLabels = 1_000

export function createLabelStore(db: Db) {
  const labels: Collection<Label> = db.collection('labels')

  async function all(sessionId: string): Promise<Label[]> {
    return labels.find({ sessionId }).sort({ _id: 1 }).limit(mostLabels).toArray()
  }

  return {
    /** The labels there are, by id. */
    async list(sessionId: string): Promise<Label[]> {
      const live = (await all(sessionId)).filter(({ state }) => state === 'live')
      return live.sort((a, b) => Number(a.labelId) - Number(b.labelId))
    },

    async read(sessionId: string, labelId: string): Promise<Label | null> {
      const label = await labels.findOne({ _id: `${sessionId}/${labelId}` })
      return label?.state === 'live' ? label : null
    },

    /** Those of these ids that are labels. */
    async among(sessionId: string, labelIds: readonly string[]): Promise<Set<string>> {
      const rows = await labels.find({ _id: { $in: labelIds.map((id) => `${sessionId}/${id}`) } }).toArray()
      return new Set(rows.filter(({ state }) => state === 'live').map(({ labelId }) => labelId))
    },

    /** Takes the next free id; nobody sees the label until WhatsApp has it. `undefined` = there are too many. */
    async reserve(sessionId: string, label: Pick<Label, 'name' | 'color'>): Promise<string | undefined> {
      for (;;) {
        const taken = await all(sessionId)
        if (taken.length >= mostLabels) return undefined
        const labelId = String(Math.max(0, ...taken.map((one) => Number(one.labelId))) + 1)
        const row = { ...label, sessionId, labelId, state: 'new' as const, updatedAt: new Date() }
        try {
          await labels.insertOne({ _id: `${sessionId}/${labelId}`, ...row })
          return labelId
        } catch (error) {
          // Somebody took it in the same moment.
          if (!isDuplicateKey(error)) throw error
        }
      }
    },

    /** What WhatsApp says of a label; a deleted one stays deleted to us until it is told again. */
    async put(sessionId: string, labelId: string, facts: { name?: string; color?: number; deleted: boolean }) {
      const { name, color, deleted } = facts
      const set = { ...(name === undefined ? {} : { name }), ...(color === undefined ? {} : { color }) }
      const first = { ...(name === undefined ? { name: '' } : {}), ...(color === undefined ? { color: 0 } : {}) }
      const state: Label['state'] = deleted ? 'deleted' : 'live'
      return labels.findOneAndUpdate(
        { _id: `${sessionId}/${labelId}` },
        { $set: { ...set, state, updatedAt: new Date() }, $setOnInsert: { ...first, sessionId, labelId } },
        { upsert: true, returnDocument: 'after' },
      )
    },

    async removeAll(sessionId: string): Promise<void> {
      await labels.deleteMany({ sessionId })
    },
  }
}
