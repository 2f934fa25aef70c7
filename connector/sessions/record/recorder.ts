// Facts become rows and events, in the order they were told. What waits is taken together; MongoDB is waited for.
import { LeaseLost } from '../../../shared/store/auth-log.ts'
import type { Fact, FactDelivery, MessageFact } from '../../whatsapp/facts.ts'
import { patiently, untilAborted } from '../../patiently.ts'
import type { RecordContext } from './context.ts'
import { recordAnswer } from './record-answer.ts'
import { recordAccount } from './record-account.ts'
import { recordEarlyMarks } from './record-marks.ts'
import { recordChange, recordStatuses, type StatusFact } from './record-changes.ts'
import { recordChannelChange, recordChannels, recordPostCounts } from './record-channels.ts'
import { recordChats, recordContacts, recordHistory, recordSignal } from './record-directory.ts'
import { recordGroupChange, recordGroups } from './record-groups.ts'
import { recordMessages } from './record-messages.ts'

export type Recorder = {
  record(delivery: FactDelivery): void
  /** Resolves when everything told so far is stored, or cannot be any more. */
  idle(): Promise<void>
  backlog(): number
}

export type RecorderOptions = {
  context: RecordContext
  /** The durability of what facts told so far rest on, while it is not reached. Nothing is stored before. */
  rests: () => Promise<void> | undefined
  signal: AbortSignal
  onRetry: (error: unknown) => void
  /** A fact that cannot be stored is not lost in silence: its stanza stays in the journal. */
  onRefused: (error: unknown, kind: Fact['kind']) => void
}

const batchSize = 200

export function createRecorder({ context, rests, signal, onRetry, onRefused }: RecorderOptions): Recorder {
  const queue: FactDelivery[] = []
  let running: Promise<void> | undefined

  /** The longest run at the head of the queue that can be stored together. */
  function takeBatch(): FactDelivery[] {
    const lane = laneOf(queue[0]?.fact)
    if (lane === 'alone') return queue.splice(0, 1)
    const end = queue.findIndex((one, i) => i >= batchSize || laneOf(one.fact) !== lane)
    return queue.splice(0, end === -1 ? queue.length : end)
  }

  async function run(): Promise<void> {
    while (queue.length > 0 && !signal.aborted) {
      const batch = takeBatch()
      try {
        const rest = rests()
        if (rest) await untilAborted(rest, signal)
        await patiently(() => store(batch.map((one) => one.fact)), { signal, onRetry })
        for (const one of batch) one.stored()
      } catch (error) {
        if (signal.aborted || error instanceof LeaseLost) {
          // The next owner has the stanzas in the journal.
          queue.length = 0
          break
        }
        if (batch.length > 1) {
          // One bad fact must not take its neighbours along.
          queue.unshift(...batch)
          await oneByOne(batch.length)
        } else onRefused(error, batch[0]?.fact.kind ?? 'message')
      }
    }
  }

  async function oneByOne(count: number): Promise<void> {
    for (const one of queue.splice(0, count)) {
      try {
        await patiently(() => store([one.fact]), { signal, onRetry })
        one.stored()
      } catch (error) {
        if (signal.aborted || error instanceof LeaseLost) return
        onRefused(error, one.fact.kind)
      }
    }
  }

  async function store(facts: Fact[]): Promise<void> {
    const [first] = facts
    if (!first) return
    switch (first.kind) {
      case 'message':
        await recordMessages(context, facts as MessageFact[])
        return recordEarlyMarks(context, facts as MessageFact[])
      case 'ack':
      case 'receipt':
        return recordStatuses(context, facts as StatusFact[])
      case 'edit':
      case 'revoke':
      case 'reaction':
        return recordChange(context, first)
      case 'answer':
        return recordAnswer(context, first)
      case 'chat-read': {
        const chatId = await context.addresses.knownChatId(first.chat)
        if (chatId !== undefined) await context.store.chats.touch(context.sessionId, chatId, { unread: 'clear' })
        return
      }
      case 'account':
        return recordAccount(context, first.what)
      case 'contacts':
        return recordContacts(context, first.contacts, true)
      case 'chats':
        return recordChats(context, first.chats, true)
      case 'history':
        return recordHistory(context, first)
      case 'group-state':
        return recordGroups(context, first)
      case 'group-change':
        return recordGroupChange(context, first)
      case 'mark':
        return
      case 'channels':
        return recordChannels(context, first)
      case 'channel-change':
        return recordChannelChange(context, first)
      case 'post-counts':
        return recordPostCounts(context, first)
      case 'presence':
      case 'typing':
        return recordSignal(context, first)
    }
  }

  /** Cleared only after it was set: once aborted, run() ends before it has waited for anything. */
  function start(): void {
    running ??= run().finally(() => {
      running = undefined
      // Told between the end of the loop and here.
      if (queue.length > 0 && !signal.aborted) start()
    })
  }

  const recorder: Recorder = {
    record(delivery) {
      queue.push(delivery)
      start()
    },
    async idle(): Promise<void> {
      if (!running) return
      await running
      return recorder.idle()
    },
    backlog: () => queue.length,
  }
  return recorder
}

function laneOf(fact: Fact | undefined): 'messages' | 'statuses' | 'alone' {
  switch (fact?.kind) {
    case 'message':
      return 'messages'
    case 'ack':
    case 'receipt':
      return 'statuses'
    default:
      return 'alone'
  }
}
