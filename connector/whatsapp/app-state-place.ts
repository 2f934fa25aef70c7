// The place up to which the app state was read is kept once all that was read is stored: rc14 writes it first and tells
// afterwards, a tenth of a second later or more (Socket/chats.js resyncAppState), and a crash in between would lose it.
import type { SignalDataTypeMap, SignalKeyStore, WAPatchName } from '@whiskeysockets/baileys'
import type { KeyMemory } from './keys/key-memory.ts'

const placeType = 'app-state-sync-version'
/** Collections of which more may have been read than is stored; of our own, beside the types of Baileys. */
const unfinishedType = 'app-state-unfinished'

type Places = Record<string, SignalDataTypeMap[typeof placeType] | null>

export type PlaceKeeper = {
  /** What Baileys is to use. A place that it sets holds for this connection at once, and for the next ones when it is kept. */
  keys: SignalKeyStore
  /** Collections that were left so by a connection before. */
  unfinished(): WAPatchName[]
}

export type PlaceOptions = {
  keys: SignalKeyStore
  memory: Pick<KeyMemory, 'apply' | 'entries'>
  /** Calls once everything is stored that Baileys has told, or is about to tell; never when the connection ends first. */
  whenStored: (stored: () => void) => void
}

export function createPlaceKeeper({ keys, memory, whenStored }: PlaceOptions): PlaceKeeper {
  const ahead = new Map<string, Places[string]>()

  async function setPlaces(places: Places): Promise<void> {
    const names = Object.keys(places)
    for (const name of names) ahead.set(name, places[name] ?? null)
    // Durable before Baileys acknowledges what made it read: the server tells it no second time.
    await memory.apply({ [unfinishedType]: Object.fromEntries(names.map((name) => [name, true])) })
    whenStored(() => {
      // A later place is kept in its own turn, and is what is still unfinished then.
      const done = names.filter((name) => ahead.get(name) === (places[name] ?? null))
      const finished = Object.fromEntries(done.map((name) => [name, null]))
      // A log that is lost says so by itself; whoever has it now reads from the place before.
      memory.apply({ [placeType]: places, [unfinishedType]: finished }).catch(() => undefined)
    })
  }

  return {
    keys: {
      get: async <Type extends keyof SignalDataTypeMap>(type: Type, ids: string[]) => {
        if (type !== placeType) return keys.get(type, ids)
        const found = await keys.get(
          placeType,
          ids.filter((id) => !ahead.has(id)),
        )
        for (const id of ids) {
          const place = ahead.get(id)
          if (place) found[id] = place
        }
        return found as { [id: string]: SignalDataTypeMap[Type] }
      },
      set: async (data) => {
        const { [placeType]: places, ...others } = data
        if (Object.keys(others).length > 0) await keys.set(others)
        if (places) await setPlaces(places)
      },
    },
    unfinished: () => [...memory.entries(unfinishedType)].map(([name]) => name as WAPatchName),
  }
}
