// Calls: rung at the companions of whoever is called, ended by either side. They are remembered as long as the sandbox runs.
import { randomBytes } from 'node:crypto'
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { Exchange } from './exchange.ts'
import { child, node, unixSeconds } from './nodes.ts'

type CallState = 'ringing' | 'rejected' | 'missed' | 'ended'
export type PlayedCall = {
  callId: string
  from: string
  to: string
  isVideo: boolean
  state: CallState
  /** The companions that rejected it, each time. */
  rejectedBy: number[]
}
export type Calls = ReturnType<typeof createCalls>

export const createCalls = (exchange: Exchange) => {
  const calls = new Map<string, PlayedCall>()
  const { directory } = exchange

  const tell = (call: PlayedCall, tag: string, attrs: Record<string, string>, content?: BinaryNode[]) => {
    const caller = { phone: call.from, device: 0 }
    const from = directory.jid(caller, 'lid')
    const named = { 'call-id': call.callId, 'call-creator': from, caller_pn: directory.jid(caller, 'pn'), ...attrs }
    const outer = { from, id: randomBytes(8).toString('hex'), t: unixSeconds() }
    for (const device of directory.devices(call.to)) {
      const connection = exchange.online(device)
      if (connection?.active) exchange.emit(connection, node('call', outer, [node(tag, named, content)]))
    }
  }

  return {
    of: (phone: string): PlayedCall[] => [...calls.values()].filter(({ from, to }) => from === phone || to === phone),

    ring: (from: string, to: string, isVideo: boolean): PlayedCall => {
      const callId = randomBytes(16).toString('hex').toUpperCase()
      const call: PlayedCall = { callId, from, to, isVideo, state: 'ringing', rejectedBy: [] }
      calls.set(callId, call)
      tell(call, 'offer', {}, [node('audio', { enc: 'opus' }), ...(isVideo ? [node('video', {})] : [])])
      return call
    },

    /** The caller gives up, or it has rung for long enough. */
    end: (callId: string, reason: 'timeout' | 'hangup'): PlayedCall | undefined => {
      const call = calls.get(callId)
      if (!call) return undefined
      call.state = reason === 'timeout' ? 'missed' : 'ended'
      tell(call, 'terminate', reason === 'timeout' ? { reason } : {})
      return call
    },

    /** A `<call>` from a companion. */
    receive: (by: Address, stanza: BinaryNode): void => {
      const reject = child(stanza, 'reject')
      const call = calls.get(reject?.attrs['call-id'] ?? '')
      if (!call || call.to !== by.phone) return
      call.rejectedBy.push(by.device)
      if (call.state === 'ringing') call.state = 'rejected'
    },
  }
}
