// Rows of several askers in one ordered insert: what a unique index refuses is left out, and keeps nothing from the others.
import type { Collection, Document, OptionalUnlessRequiredId } from 'mongodb'
import { failedIndex, isDuplicateKey } from './client.ts'
import type { Outcome } from './coalesce.ts'

/** In order: written, or the duplicate-key error of this row alone. Throws what is wrong with the whole insert. */
export async function insertInOrder<Row extends Document>(
  collection: Collection<Row>,
  rows: readonly Row[],
): Promise<Outcome<'written'>[]> {
  const outcomes: Outcome<'written'>[] = []
  while (outcomes.length < rows.length) {
    const rest = rows.slice(outcomes.length) as unknown as OptionalUnlessRequiredId<Row>[]
    try {
      const [only] = rest
      if (only && rest.length === 1) await collection.insertOne(only)
      else await collection.insertMany(rest, { ordered: true })
      for (const _ of rest) outcomes.push({ value: 'written' })
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      for (let i = failedIndex(error); i > 0; i -= 1) outcomes.push({ value: 'written' })
      outcomes.push({ error })
    }
  }
  return outcomes
}
