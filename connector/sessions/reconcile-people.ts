// What a crash may have kept from the contacts: pairs of LID and phone number that the key store has and nobody was told.
import { readLidPairs } from '../whatsapp/lid-mappings.ts'
import type { Held } from './connect-once.ts'

const batch = 500

export type PeopleMark = {
  /** Tells the contacts of every pair when they are not those of the mark that was left. */
  reconcile(left: string | undefined): void
  /** Leaves the mark of the pairs that are stored by now. */
  leave(): Promise<void>
}

export function createPeopleMark({
  keyStore,
  recorder,
  reporter,
}: Pick<Held, 'keyStore' | 'recorder' | 'reporter'>): PeopleMark {
  let lastLeft: string | undefined
  return {
    reconcile(left) {
      lastLeft = left
      const { pairs, mark } = readLidPairs(keyStore.memory)
      if (mark === left) return
      for (let i = 0; i < pairs.length; i += batch) {
        const contacts = pairs.slice(i, i + batch).map((jids) => ({ jids }))
        recorder.record({ fact: { kind: 'contacts', contacts }, stored: () => undefined })
      }
    },
    async leave() {
      const { mark } = readLidPairs(keyStore.memory)
      if (mark === lastLeft) return
      // Each of them was told before it was read here, and what is told is stored by then.
      await recorder.idle()
      lastLeft = mark
      await reporter.report({ peopleMark: mark })
    },
  }
}
