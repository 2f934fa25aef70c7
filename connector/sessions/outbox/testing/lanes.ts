// The outbox of one session on a real store, against a wire that the test holds in its hand.
import type { OutContent } from '../../../../shared/model/content.ts'
import type { Command } from '../../../../shared/model/command.ts'
import type { NewCommand } from '../../../../shared/store/commands.ts'
import type { Store } from '../../../../shared/store/open-store.ts'
import type { Connection } from '../../../whatsapp/connection.ts'
import type { Fact } from '../../../whatsapp/facts.ts'
import { outreachRefusal } from '../../../whatsapp/refusals.ts'
import type { SendOutcome } from '../../../whatsapp/sending.ts'
import { createAddresses, type Addresses } from '../../record/addresses.ts'
import { createRecorder } from '../../record/recorder.ts'
import { createOutbox, type OutboxOptions } from '../outbox.ts'
import { createOutreach } from '../outreach.ts'

export const ana = '15550000001@s.whatsapp.net'
export const beto = '15550000002@s.whatsapp.net'
export const later = (ms: number) => new Date(Date.now() + ms)

let sessions = 0
export type LaneOptions = Partial<OutboxOptions> & {
  /** Another owner of a session that was opened before. */
  sessionId?: string
  automatic?: boolean
  /** What Baileys would not put on the wire. */
  fails?: (text: string) => boolean
  addresses?: (real: Addresses) => Addresses
  /** Every form of an address. */
  identify?: (jid: string) => readonly [string, ...string[]]
  /** This account's own address. */
  me?: string
  /** What the lock's end is measured by, epoch ms. Default Date.now. */
  now?: () => number
}

export type Lanes = Awaited<ReturnType<typeof openLanes>>

export async function openLanes(store: Store, options: LaneOptions = {}) {
  const {
    sessionId = `outbox-${(sessions += 1)}`,
    automatic = true,
    fails = () => false,
    addresses = (real) => real,
    identify = (jid) => [jid],
    me,
    now = Date.now,
    ...given
  } = options
  const stopping = new AbortController()
  const { signal } = stopping
  if (options.sessionId === undefined) await store.sessions.create(sessionId, {})
  const appender = store.events.openAppender(sessionId, given.epoch ?? 1)
  await appender.fence('test')
  const counters = { add: () => undefined, close: () => Promise.resolve() }
  const context = { sessionId, store, appender, addresses: addresses(createAddresses(store, sessionId)), counters }
  const outreach = createOutreach({
    now,
    keep: (outreachLock) => store.sessions.update(sessionId, { outreachLock }),
    announce: async (type, data, key) => void (await appender.append([{ type, data, key }])),
    onChange: () => outbox.ring(),
  })
  const outbox = createOutbox({
    context,
    epoch: 1,
    signal,
    outreach,
    onError: (error) => wire.push({ to: 'error', text: String(error), messageId: '' }),
    ...given,
  })
  const recorder = createRecorder({
    context,
    rests: () => undefined,
    signal,
    onRetry: () => undefined,
    onRefused: (error) => wire.push({ to: 'error', text: String(error), messageId: '' }),
  })
  await outreach.load((await store.sessions.read(sessionId))?.outreachLock)
  const wire: { to: string; text: string; messageId: string }[] = []
  const looks = new Set<() => void>()
  const onWire = (to: string, text: string, messageId: string) => {
    wire.push({ to, text, messageId })
    for (const look of looks) look()
  }

  /** A connection on which everything sent is acknowledged at once, or when the test says so. */
  const connect = () =>
    outbox.use({
      identify,
      isMe: (jid: string) => jid === me,
      sending: {
        message: (to: string, messageId: string, content: OutContent): Promise<SendOutcome> => {
          const { text } = content as { text: string }
          if (fails(text)) return Promise.reject(new Error('not this time'))
          onWire(to, text, messageId)
          if (automatic) outbox.acked(messageId, undefined)
          return Promise.resolve({ outcome: 'sent', raw: new Uint8Array() })
        },
        revoke: (target: { chat: string }, messageId: string): Promise<SendOutcome> => {
          onWire(target.chat, 'revoke', messageId)
          if (automatic) outbox.acked(messageId, undefined)
          return Promise.resolve({ outcome: 'sent', raw: new Uint8Array() })
        },
        typing: (to: string, state: string): Promise<void> => {
          onWire(to, state, '')
          return Promise.resolve()
        },
      },
    } as unknown as Connection)

  /** What WhatsApp tells: recorded, then the outbox hears of it, as from a real connection. */
  const tell = (fact: Fact): Promise<void> =>
    new Promise((resolve) => {
      const stored = () => {
        if (fact.kind === 'ack') outbox.acked(fact.messageId, fact.error)
        outbox.noticed(fact)
        resolve()
      }
      if (fact.kind === 'ack' && fact.error === outreachRefusal) outreach.refused().catch(() => undefined) // What becomes of it shows in the row that the test reads.
      recorder.record({ fact, stored })
    })

  const running = outbox.run()
  let accepted = 0
  return {
    sessionId,
    outbox,
    outreach,
    wire,
    connect,
    tell,
    texts: () => wire.map((one) => one.text),
    async accept(to: string, text: string, more: Partial<NewCommand> = {}): Promise<NewCommand> {
      const id = `${sessionId}-${given.epoch ?? 1}-${(accepted += 1)}`
      const command = {
        _id: id,
        sessionId,
        lane: to,
        kind: 'message.send' as const,
        payload: { to, content: { type: 'text' as const, text } },
        messageId: `MSG${id}`,
        actor: 'test',
        ...more,
      }
      await store.commands.accept(command)
      return command
    },
    /** WhatsApp answers with error 463. */
    refuse: ({ messageId = '', lane }: NewCommand): Promise<void> =>
      tell({ kind: 'ack', chat: [lane], messageId, error: outreachRefusal, at: new Date() }),
    /** Somebody writes to us. */
    hear: (...chat: [string, ...string[]]): Promise<void> =>
      tell({
        kind: 'message',
        chat,
        sender: chat,
        messageId: `IN${(accepted += 1)}`,
        at: new Date(),
        content: { type: 'text', text: 'hello' },
        historical: false,
      }),
    async state(id: string): Promise<Command | undefined> {
      return (await store.commands.page(sessionId, { limit: 1_000 })).data.find((one) => one._id === id)
    },
    /** Asked of the store until it is so: what ends a command is written after the wire is done with it. */
    async untilState(id: string, state: Command['state']): Promise<Command> {
      for (;;) {
        const found = await store.commands.read(id)
        if (found?.state === state) return found
      }
    },
    sent: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (wire.length < count) return
          looks.delete(look)
          resolve()
        }
        looks.add(look)
        look()
      }),
    async stop() {
      outbox.use(undefined)
      stopping.abort(new Error('test over'))
      await running.catch(() => undefined) // How it ends is no part of what is tested.
    },
  }
}
