// Memory first: reads are answered from RAM, a change is in RAM at once and in the log in the order it was made.
// Types in `lazyTypes` are read from the database when asked for, and leave RAM once they are folded.
import type { CommitLog } from './commit-log.ts'
import { decodeValue, encodeMutations, type Encoded, type Mutations } from './mutations.ts'

/** 812 of them per session, and each is used once: they need not stay decoded in memory. */
export const lazyTypes = ['pre-key'] as const

export type KeyMemory = {
  /** Only found ids are in the answer. */
  get(type: string, ids: readonly string[]): Promise<Record<string, unknown>>
  /** Everything of one type that is in memory. */
  entries(type: string): IterableIterator<[string, unknown]>
  /** Changes RAM now; the promise is its durability. */
  apply(mutations: Mutations): Promise<void>
  /** The same for what a crash may undo: it takes no round trip of its own. */
  applyLazily(mutations: Mutations): void
  /** The value in RAM, without a copy. */
  peek(type: string, id: string): unknown
  /** After a fold: what was folded and lives in the database need not stay. */
  evictFolded(folded: Encoded): void
  /** Called with each change, once it is in RAM. */
  onChange: ((mutations: Mutations) => void) | undefined
  clear(): void
}

export type KeyMemoryOptions = {
  log: Pick<CommitLog, 'commit' | 'commitLazily'>
  readFolded: (type: string, ids: readonly string[]) => Promise<Map<string, string>>
}

export function createKeyMemory(options: KeyMemoryOptions, initial: Encoded): KeyMemory {
  const types = new Map<string, Map<string, unknown>>()
  const lazy = new Set<string>(lazyTypes)

  const ofType = (type: string) => {
    let values = types.get(type)
    if (!values) types.set(type, (values = new Map()))
    return values
  }
  const put = (type: string, id: string, value: unknown) => {
    // A deleted lazy value must hide the folded one until the fold has removed it.
    if (value === null && !lazy.has(type)) ofType(type).delete(id)
    else ofType(type).set(id, value)
  }
  const remember = (mutations: Mutations): Encoded => {
    const encoded = encodeMutations(mutations)
    for (const [type, values] of Object.entries(mutations))
      for (const [id, value] of Object.entries(values)) put(type, id, value ?? null)
    memory.onChange?.(mutations)
    return encoded
  }
  for (const { type, id, json } of initial.values()) put(type, id, json === null ? null : decodeValue(type, json))

  const memory: KeyMemory = {
    onChange: undefined,
    async get(type, ids) {
      const found: Record<string, unknown> = {}
      const values = ofType(type)
      const missing: string[] = []
      for (const id of ids) {
        const value = values.get(id)
        if (value !== undefined && value !== null) found[id] = copyMutable(type, value)
        else if (value === undefined && lazy.has(type)) missing.push(id)
      }
      if (missing.length > 0)
        for (const [id, json] of await options.readFolded(type, missing))
          if (!values.has(id)) found[id] = decodeValue(type, json)
      return found
    },
    entries: (type) => ofType(type).entries(),
    peek: (type, id) => ofType(type).get(id),
    apply: (mutations) => options.log.commit(remember(mutations)),
    applyLazily: (mutations) => options.log.commitLazily(remember(mutations)),
    evictFolded(folded) {
      for (const { type, id, json } of folded.values()) {
        if (!lazy.has(type)) continue
        const value = ofType(type).get(id)
        if (json === null ? value === null : value !== null) ofType(type).delete(id)
      }
    },
    clear: () => types.clear(),
  }
  return memory
}

// Baileys pushes into device lists and writes into sender-key memories that it was given (rc14, Signal/libsignal.js).
function copyMutable(type: string, value: unknown): unknown {
  if (type === 'device-list') return [...(value as string[])]
  if (type === 'sender-key-memory') return { ...(value as Record<string, boolean>) }
  return value
}
