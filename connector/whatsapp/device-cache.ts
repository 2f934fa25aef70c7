// Which devices a contact has, kept across reconnects and restarts: an uncached question makes rc14 fetch key bundles
// by force and start second sessions (observed 2026-11, Baileys 7.0.0-rc14). Changes arrive as notifications.
import type { SocketConfig } from '@whiskeysockets/baileys'
import type { KeyMemory } from './keys/key-memory.ts'

const type = 'device-cache'
const keepForMs = 3_600_000

type Entry = { value: unknown; until: number }

export function createDeviceCache(memory: KeyMemory): NonNullable<SocketConfig['userDevicesCache']> {
  // Losing an entry costs one question to the server, so its durability is not waited for.
  const write = (values: Record<string, Entry | null>) => void memory.apply({ [type]: values }).catch(() => undefined)
  return {
    get<T>(key: string): T | undefined {
      const entry = memory.peek(type, key) as Entry | null | undefined
      return entry && entry.until > Date.now() ? (entry.value as T) : undefined
    },
    set<T>(key: string, value: T) {
      write({ [key]: { value, until: Date.now() + keepForMs } })
    },
    del(key: string) {
      write({ [key]: null })
    },
    flushAll() {
      write(Object.fromEntries([...memory.entries(type)].map(([key]) => [key, null])))
    },
  }
}
