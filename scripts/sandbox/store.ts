// The sandbox's memory: one LMDB file. Reads and writes are synchronous and a commit is one transaction, so what a
// stanza changes is stored whole or not at all. Nothing is flushed to the disk by us: a killed process loses
// nothing (the page cache outlives it), a power cut may lose the last seconds, which pretend phones can afford.
import { join } from 'node:path'
import { type Key, open } from 'lmdb'
import { openTable } from './table.ts'
import type {
  Channel,
  ChannelPost,
  Device,
  Group,
  History,
  Phone,
  QueuedStanza,
  ReceivedMessage,
  SentMessage,
} from './records.ts'

export type Store = ReturnType<typeof openStore>

/** Sequence numbers are reserved in blocks, so that most of them cost no write. */
const SEQ_BLOCK = 1000

/** Decoded values kept in memory: a few kilobytes each. */
const PHONES_KEPT = 2000
const SIGNAL_KEPT = 1000

export const openStore = (dir: string) => {
  const env = open({ path: join(dir, 'state.mdb'), noSubdir: true, noSync: true, maxDbs: 32 })
  const cached: { distrust(): void }[] = []
  const table = <V, K extends Key>(name: string, keepDecoded = 0) => {
    const opened = openTable<V, K>(env, name, keepDecoded)
    if (keepDecoded > 0) cached.push(opened)
    return opened
  }
  const numbers = table<number, string>('numbers')

  let seq = numbers.get('seq') ?? 0
  let reserved = seq
  const nextSeq = (): number => {
    if (seq >= reserved) {
      reserved = seq + SEQ_BLOCK
      numbers.put('seq', reserved)
    }
    return ++seq
  }

  return {
    phones: table<Phone, string>('phones', PHONES_KEPT),
    lids: table<string, string>('lids', PHONES_KEPT),
    devices: table<Device, [string, number]>('devices', PHONES_KEPT),
    /** Public one-time keys that companions uploaded. */
    preKeys: table<Buffer, [string, number, number]>('preKeys'),
    /** Stanzas per device, in the order in which they were sent; the key ends with what an ack names. */
    queue: table<QueuedStanza, [string, number, number, string]>('queue'),
    /** The pretend phones' own Signal state. */
    signal: table<unknown, [string, string, string]>('signal', SIGNAL_KEPT),
    inbox: table<ReceivedMessage, [string, number]>('inbox'),
    inboxIds: table<number, [string, string, string]>('inboxIds'),
    sent: table<SentMessage, [string, number]>('sent'),
    sentIds: table<number, [string, string]>('sentIds'),
    history: table<History, string>('history'),
    /** Number, and the companion that must hear when its devices change. */
    watchers: table<true, [string, string, number]>('watchers', PHONES_KEPT),
    /** App-state patches of an account: collection, version. */
    patches: table<Buffer, [string, string, number]>('patches'),
    groups: table<Group, string>('groups', PHONES_KEPT),
    /** Which groups a number is in: number, group. */
    groupsOf: table<true, [string, string]>('groupsOf', PHONES_KEPT),
    channels: table<Channel, string>('channels', PHONES_KEPT),
    /** Channel, server id. */
    posts: table<ChannelPost, [string, number]>('posts'),
    nextSeq,
    commit: <T>(work: () => T): T => {
      try {
        return env.transactionSync(work)
      } catch (error) {
        // The reservation may have been rolled back with the rest: reserve again.
        reserved = seq
        for (const one of cached) one.distrust()
        throw error
      }
    },
    close: () => env.close(),
  }
}
