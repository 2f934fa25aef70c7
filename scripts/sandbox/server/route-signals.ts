// Presence and typing: passed on to whoever is connected and asked for it, never stored.
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Connection } from './connection.ts'
import type { Exchange } from './exchange.ts'
import { addressingOf } from './jids.ts'
import { children, node, unixSeconds } from './nodes.ts'

export type Signal = { kind: 'typing'; from: string; state: string; at: string }
type PresenceState = 'available' | 'unavailable'
export type SignalRouter = ReturnType<typeof createSignalRouter>

const REMEMBERED = 50

export const createSignalRouter = (exchange: Exchange) => {
  const { directory } = exchange
  /** Number → the connections that want to know whether it is online, and in which form they asked. */
  const subscribers = new Map<string, Map<Connection, string>>()
  const presences = new Map<string, PresenceState>()
  const seen = new Map<string, Signal[]>()

  const note = (phone: string, signal: Signal) =>
    seen.set(phone, [...(seen.get(phone) ?? []), signal].slice(-REMEMBERED))

  const router = {
    /** What a phone's screen showed of others, newest last. */
    seen: (phone: string): Signal[] => seen.get(phone) ?? [],

    /** What a number last said of itself, from the phone or from a companion. */
    presenceOf: (phone: string): PresenceState | null => presences.get(phone) ?? null,

    presence: (from: Address, state: PresenceState, lastSeen?: number) => {
      presences.set(from.phone, state)
      const away = state === 'unavailable' ? { type: 'unavailable', last: lastSeen ?? unixSeconds() } : {}
      for (const [connection, asked] of subscribers.get(from.phone) ?? []) {
        const jid = directory.jid({ phone: from.phone, device: 0 }, addressingOf(asked))
        if (connection.active) exchange.emit(connection, node('presence', { from: jid, ...away }))
      }
    },

    /** A subscription ends with its connection. */
    leave: (connection: Connection) => {
      for (const known of subscribers.values()) known.delete(connection)
    },

    typing: (from: Address, to: string, content: BinaryNode['content']) => {
      const target = directory.resolve(to)
      if (!target) return
      const jid = directory.jid({ phone: from.phone, device: 0 }, addressingOf(to))
      for (const address of directory.devices(target.phone)) {
        const connection = exchange.online(address)
        if (connection?.active) exchange.emit(connection, node('chatstate', { from: jid }, content))
      }
      const what = Array.isArray(content) ? content[0] : undefined
      const state = what?.attrs.media === 'audio' ? 'recording' : (what?.tag ?? 'paused')
      note(target.phone, { kind: 'typing', from: from.phone, state, at: new Date().toISOString() })
    },

    /** A `<presence>` or `<chatstate>` from a companion. */
    receive: (connection: Connection, from: Address, stanza: BinaryNode) => {
      const { to, type } = stanza.attrs
      if (stanza.tag === 'chatstate') {
        if (to) router.typing(from, to, children(stanza))
      } else if (type === 'subscribe') {
        const target = directory.resolve(to)
        if (!target) return
        const known = subscribers.get(target.phone) ?? new Map<Connection, string>()
        subscribers.set(target.phone, known.set(connection, to ?? ''))
      } else if (type === 'available' || type === 'unavailable') {
        router.presence(from, type)
      }
    },
  }
  return router
}
