// A few commands of one lane, together from the queue to WhatsApp and back: taken in one round trip, on the wire in their
// order, ended when the server has them. What does not end goes back to the queue and keeps its place there.
import { onceKinds, type Command } from '../../../shared/model/command.ts'
import { LeaseLost } from '../../../shared/store/auth-log.ts'
import { isUnavailable } from '../../../shared/store/client.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import { outreachRefusal, toRefusal } from '../../whatsapp/refusals.ts'
import type { RecordContext } from '../record/context.ts'
import type { Ack, Acks } from './acks.ts'
import type { Outcome } from './acts/act.ts'
import { act } from './acts/acts.ts'
import type { Batches } from './batches.ts'
import { withChatTimer } from './chat-timer.ts'
import type { Outreach } from './outreach.ts'
import { prepareMedia } from './prepare-media.ts'
import { isPostedBefore, wasInHand } from './posted-before.ts'
import { preparePreview } from './prepare-preview.ts'
import { isOnItsWay, recordFailed, recordOwnChange, recordQueued, rowOf, tellSent } from './own-changes.ts'

export type OpenConnection = { connection: Connection; closed: AbortController }

export type SendOptions = {
  context: RecordContext
  epoch: number
  signal: AbortSignal
  acks: Acks
  maxAttempts: number
  /** The connection to use now, if there is one. */
  open: () => OpenConnection | undefined
  /** Leaves the lane alone until then. */
  rest: (lane: string, until: Date) => void
  batches: Pick<Batches, 'ended'>
  /** Tells when what WhatsApp said of a lock is kept. */
  outreach: Pick<Outreach, 'refused' | 'kept'>
  /** Whether a message has to wait for the end of that lock, also when it is in hand already. */
  isHeld: (command: Command) => Promise<boolean>
  /** Whether a message may leave now; asked once for each that does. */
  mayLeave: () => boolean
  /** Runs what may take long before a message can leave. */
  preparing: <T>(work: () => Promise<T>) => Promise<T>
  onError: (error: unknown, commandId: string) => void
}

type Send = Command<'message.send'>
type Failure = { code: string; reason: string }
const isSend = (command: Command): command is Send => command.kind === 'message.send'

const outcomeUnknown: Failure = {
  code: 'command.outcome_unknown',
  reason: 'The way to WhatsApp broke while it was done: it may have happened or not',
}

/** Between two tries, ms. */
const longestRestMs = 60_000

/** Crashes of a connector that had only this command in hand, before it is set aside. */
const maxTrials = 3

export type SendGroup = (commands: readonly Command[]) => Promise<boolean>

/** The function resolves with `true` when the lane goes on with what comes next, with `false` when it waits. */
export function createSendGroup(options: SendOptions): SendGroup {
  const { context, epoch, signal, acks } = options
  const { store } = context

  /** Whether it may go now: `over` has ended, `later` is not due, `wait` holds up its lane. */
  async function admit(command: Command): Promise<'go' | 'over' | 'later' | 'wait'> {
    const now = Date.now()
    if (command.notBefore && command.notBefore.getTime() > now) return 'later'
    // Further off it is the word of an owner whose clock is ahead.
    const restMs = (command.retryAt?.getTime() ?? now) - now
    if (command.retryAt && restMs > 0 && restMs <= longestRestMs) {
      options.rest(command.lane, command.retryAt)
      return 'wait'
    }
    if (!command.expiresAt || command.expiresAt.getTime() > now)
      return isSend(command) && !options.mayLeave() ? 'wait' : 'go'
    if (!(await store.commands.startExpiry(command._id, epoch))) return 'go'
    const { refused } = command
    try {
      await failMessage(command, refused ?? { code: 'command.expired', reason: 'It was not sent before expiresAt' })
    } catch (error) {
      if (error instanceof LeaseLost || signal.aborted || isUnavailable(error)) throw error
      // It ends all the same: nobody but this owner would look at it again.
      options.onError(error, command._id)
    }
    await options.batches.ended(command, refused ? 'failed' : 'expired', refused)
    await store.commands.finish(command._id, epoch, refused ? 'failed' : 'expired', refused)
    return 'over'
  }

  async function end(command: Command, failure?: Failure, result?: Command['result']): Promise<true> {
    await options.batches.ended(command, failure ? 'failed' : 'sent', failure)
    await store.commands.finish(command._id, epoch, failure ? 'failed' : 'done', failure, result)
    return true
  }

  /** Back to the head of its lane. `without-connection` uses up no attempt; `mayBeOut`: it has been on the wire. */
  async function again(command: Command, why: 'without-connection' | 'failed', mayBeOut: boolean): Promise<boolean> {
    const countsAsAttempt = why === 'failed'
    if (countsAsAttempt && command.attempts >= options.maxAttempts) {
      const failure = { code: 'command.gave_up', reason: `It was tried ${command.attempts} times` }
      await failMessage(command, failure)
      return end(command, failure)
    }
    if (!countsAsAttempt) {
      await store.commands.putBack(command._id, epoch, { countsAsAttempt, mayBeOut })
      return false
    }
    const retryAt = new Date(Date.now() + Math.min(longestRestMs, 1_000 * 2 ** command.attempts))
    await store.commands.putBack(command._id, epoch, { retryAt, countsAsAttempt, mayBeOut })
    options.rest(command.lane, retryAt)
    return false
  }

  async function failMessage(command: Command, failure: Failure): Promise<void> {
    if (!isSend(command)) return
    const chat = options.open()?.connection.identify(command.payload.to) ?? ([command.payload.to] as const)
    const [key] = await recordQueued(context, [command], chat)
    if (key !== undefined) await recordFailed(context, key, failure)
  }

  /** What went wrong on the way, and whether the lane goes on. `wasOut`: it may have come that far. */
  async function afterError(
    command: Command,
    current: OpenConnection,
    error: unknown,
    wasOut: boolean,
  ): Promise<boolean> {
    if (error instanceof LeaseLost || signal.aborted) throw error
    if (onceKinds.includes(command.kind)) return end(command, outcomeUnknown)
    if (current.closed.signal.aborted || isUnavailable(error)) return again(command, 'without-connection', wasOut)
    options.onError(error, command._id)
    // Baileys would not put it on the wire.
    return again(command, 'failed', false)
  }

  async function settle(command: Command, key: string | undefined, ended: Ack | Outcome): Promise<boolean> {
    const isUnknown = ended === 'closed' || ended === 'timeout'
    if (isUnknown && onceKinds.includes(command.kind)) return end(command, outcomeUnknown)
    if (ended === 'closed') return again(command, 'without-connection', true)
    if (ended === 'timeout') return again(command, 'failed', true)
    if ('outcome' in ended) {
      if (ended.outcome === 'done') return end(command, undefined, ended.result)
      if (ended.outcome !== 'failed') return end(command)
      const failure = { code: ended.code, reason: ended.reason }
      if (key !== undefined) await recordFailed(context, key, failure)
      return end(command, failure)
    }
    if (ended.error !== undefined) {
      // Before the command ends: no owner finds the refusal told and the lock forgotten.
      if (ended.error === outreachRefusal) await options.outreach.kept()
      return end(command, toRefusal(ended.error))
    }
    await recordOwnChange(context, command, new Date())
    return end(command)
  }

  /** `onWire` tells whether the next one may follow: what failed is tried again before it. It never rejects; `settled` when the server has spoken. */
  function transmit(command: Command, key: string | undefined, current: OpenConnection) {
    const ack = acks.expect(command.messageId ?? command._id, current.closed.signal)
    const acting = act({ ...context, connection: current.connection }, command)
    // Baileys' own promise may hang when the socket dies, and an ack can come before it.
    const onWire = Promise.race([acting, ack]).then(
      (first) => first !== 'timeout' && first !== 'closed',
      () => false,
    )
    const settled = async (): Promise<boolean> => {
      try {
        const first = await Promise.race([acting, ack])
        const isUnderWay = typeof first === 'object' && 'outcome' in first && first.outcome === 'awaiting-ack'
        return await settle(command, key, isUnderWay ? await ack : first)
      } catch (error) {
        return await afterError(command, current, error, true)
      } finally {
        acks.acked(command.messageId ?? command._id, 'closed')
      }
    }
    return { onWire, settled: settled() }
  }

  /** `undefined`: it may go on the wire. Else how it ended, and whether the next one may follow. */
  async function readied(command: Command, key: string | undefined, current: OpenConnection) {
    try {
      const failure = await options.preparing(async () => {
        if (await isPostedBefore({ ...context, connection: current.connection }, command)) return 'posted'
        await preparePreview(context, command, key)
        return prepareMedia(context, command, key)
      })
      if (failure === 'posted') return { settled: end(command), mayFollow: true }
      if (failure) {
        if (key !== undefined) await recordFailed(context, key, failure)
        return { settled: end(command, failure), mayFollow: true }
      }
      // A long upload may outlive the connection that it began with.
      return current.closed.signal.aborted
        ? { settled: again(command, 'without-connection', false), mayFollow: false }
        : undefined
    } catch (error) {
      return { settled: afterError(command, current, error, false), mayFollow: false }
    }
  }

  /** What was in hand before: WhatsApp may have answered already, or it is what ended a former owner. */
  async function settleLeft(command: Command): Promise<boolean> {
    if (!wasInHand(command)) return false
    if ((command.trials ?? 0) > maxTrials) {
      const failure = { code: 'command.set_aside', reason: 'The connector ended each time it was sent' }
      await failMessage(command, failure)
      return end(command, failure)
    }
    // Found by the next owner, or by this one when MongoDB went before its end was written.
    if (onceKinds.includes(command.kind)) return end(command, outcomeUnknown)
    const row = isSend(command) ? await rowOf(context, command) : null
    if (row?.status === 'failed' && row.error) {
      if (row.error.code === toRefusal(outreachRefusal).code) await options.outreach.refused()
      await recordFailed(context, row._id, row.error)
      return end(command, row.error)
    }
    if (!row || !isOnItsWay(row)) return false
    await tellSent(context, row)
    return end(command)
  }

  return async function sendGroup(commands) {
    const due: Command[] = []
    let waits = false
    for (const command of commands) {
      const verdict = await admit(command)
      waits = verdict === 'wait'
      if (waits) break
      if (verdict === 'go') due.push(command)
    }
    const current = options.open()
    if (!current) {
      // An earlier try of this group may have ended before it could put back what it had taken.
      for (const command of commands) await again(command, 'without-connection', true)
      return false
    }
    const inHand = (
      await Promise.all(due.map(({ _id, state }) => store.commands.take(_id, epoch, state === 'sending')))
    ).filter((command) => command !== null)
    const areOver = await Promise.all(inHand.map((command) => settleLeft(command)))
    let taken = inHand.filter((_, i) => !areOver[i])
    const [first] = taken
    if (!first) return !waits

    let keys: (string | undefined)[] = []
    try {
      // Several at once are all messages, and of one chat.
      if (isSend(first)) {
        const chat = current.connection.identify(first.payload.to)
        const sends = await withChatTimer(context, taken.filter(isSend), chat)
        keys = await recordQueued(context, sends, chat)
        taken = sends
      }
    } catch (error) {
      for (const command of taken.slice(1)) await again(command, 'without-connection', false)
      if (await afterError(first, current, error, false)) return !waits
      return false
    }
    const trips: Promise<boolean>[] = []
    let mayFollow = true
    for (const [i, command] of taken.entries()) {
      // A lock may have begun since it was taken, or before that when a former owner left it. Not known = it waits.
      const isHeld = await options.isHeld(command).catch(() => true)
      if (!mayFollow || isHeld || current.closed.signal.aborted) {
        // What follows stays behind it, whatever is known of the lock by then.
        mayFollow = false
        trips.push(again(command, 'without-connection', false))
        continue
      }
      const trip = await readied(command, keys[i], current)
      if (trip) {
        trips.push(trip.settled)
        mayFollow = trip.mayFollow
        continue
      }
      const { onWire, settled } = transmit(command, keys[i], current)
      trips.push(settled)
      mayFollow = await onWire
    }
    // All of them, also when one has failed: what is in hand must not be in hand twice.
    const ends = await Promise.allSettled(trips)
    const failed = ends.find((one) => one.status === 'rejected')
    if (failed) throw failed.reason
    return !waits && ends.every((one) => one.status === 'fulfilled' && one.value)
  }
}
