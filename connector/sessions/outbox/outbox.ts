// The session's commands leave in order per lane, lanes side by side. A command ends only when the server has it:
// until then it is sent again with the same id.
import type { Command } from '../../../shared/model/command.ts'
import { LeaseLost } from '../../../shared/store/auth-log.ts'
import { isUnavailable } from '../../../shared/store/client.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import { patiently } from '../patiently.ts'
import type { RecordContext } from '../record/context.ts'
import { groupBy } from '../record/group-by.ts'
import { createWake } from '../wake.ts'
import { act } from './kinds.ts'
import { recordFailed, recordOwnChange, recordQueued } from './own-changes.ts'

export type OutboxOptions = {
  context: RecordContext
  epoch: number
  signal: AbortSignal
  onError: (error: unknown, commandId: string) => void
  /** Lanes at once. Default 8. */
  lanes?: number
  /** How long the server may take to acknowledge, ms. Default 20000. */
  ackTimeoutMs?: number
  /** Tries before a command that keeps failing is given up. Default 5. */
  maxAttempts?: number
}

export type Outbox = {
  /** There may be something to do. */
  ring(): void
  /** The connection to use, or none while there is none. */
  use(connection: Connection | undefined): void
  /** The server's ack was recorded. */
  acked(messageId: string, error: string | undefined): void
  run(): Promise<void>
}

type Ack = { error: string | undefined } | 'timeout' | 'closed'

export function createOutbox(options: OutboxOptions): Outbox {
  const { context, epoch, signal } = options
  const { store, sessionId } = context
  const lanes = options.lanes ?? 8
  const ackTimeoutMs = options.ackTimeoutMs ?? 20_000
  const maxAttempts = options.maxAttempts ?? 5
  const wake = createWake()
  const busy = new Map<string, Promise<void>>()
  /** Lanes whose head waits to be tried again, and until when (epoch ms). */
  const resting = new Map<string, number>()
  const acks = new Map<string, (ack: Ack) => void>()
  let open: { connection: Connection; closed: AbortController } | undefined

  /** Every form of a chat's address: accepted before and after the chat was known, its commands name different ones. */
  const formsOf = (lane: string): readonly string[] => open?.connection.identify(lane) ?? [lane]
  const toLane = (command: Command): string => [...formsOf(command.lane)].sort()[0] ?? command.lane
  const isBusy = (lane: string): boolean => formsOf(lane).some((form) => busy.has(form))

  function awaitAck(messageId: string, closed: AbortSignal): Promise<Ack> {
    return new Promise((resolve) => {
      const end = (ack: Ack) => {
        clearTimeout(timer)
        closed.removeEventListener('abort', onClosed)
        acks.delete(messageId)
        resolve(ack)
      }
      const onClosed = () => end('closed')
      const timer = setTimeout(() => end('timeout'), ackTimeoutMs)
      closed.addEventListener('abort', onClosed, { once: true })
      acks.set(messageId, end)
    })
  }

  /** `true`: the lane goes on with the next one. `false`: it waits. */
  async function process(command: Command): Promise<boolean> {
    const now = Date.now()
    if (command.notBefore && command.notBefore.getTime() > now) return true
    if (command.retryAt && command.retryAt.getTime() > now) {
      rest(toLane(command), command.retryAt)
      return false
    }
    if (command.expiresAt && command.expiresAt.getTime() <= now && (await store.commands.expire(command._id))) {
      if (command.kind === 'message.send')
        await failMessage(command as Command<'message.send'>, {
          code: 'command.expired',
          reason: 'It was not sent before expiresAt',
        })
      return true
    }
    const current = open
    if (!current) return false
    const taken = await store.commands.take(command._id, epoch)
    if (!taken) return true
    const messageId = taken.messageId ?? taken._id
    try {
      // Inside: whatever fails from here on, the command goes back to the head of its lane.
      const key =
        taken.kind === 'message.send'
          ? await recordQueued(
              context,
              taken as Command<'message.send'>,
              current.connection.identify((taken as Command<'message.send'>).payload.to),
            )
          : undefined
      const ack = awaitAck(messageId, current.closed.signal)
      // Receipts can arrive before Baileys' own promise does, and that one may hang when the socket dies.
      const acting = act({ ...context, connection: current.connection }, taken)
      const first = await Promise.race([acting, ack])
      acting.catch(() => undefined) // Its failure was the race's, or comes too late to matter.
      const outcome =
        typeof first === 'object' && 'outcome' in first && first.outcome === 'awaiting-ack' ? await ack : first
      return await settle(taken, key, outcome)
    } catch (error) {
      if (error instanceof LeaseLost || signal.aborted) throw error
      if (current.closed.signal.aborted || isUnavailable(error)) return await again(taken, false)
      options.onError(error, taken._id)
      return await again(taken, true)
    } finally {
      acks.get(messageId)?.('closed')
    }
  }

  async function settle(
    command: Command,
    key: string | undefined,
    outcome: Ack | { outcome: string; code?: string; reason?: string },
  ): Promise<boolean> {
    if (outcome === 'closed') return again(command, false)
    if (outcome === 'timeout') return again(command, true)
    if ('outcome' in outcome) {
      if (outcome.outcome !== 'failed') {
        await store.commands.finish(command._id, epoch, 'done')
        return true
      }
      const error = { code: outcome.code ?? 'command.failed', reason: outcome.reason ?? 'It failed' }
      if (key !== undefined) await recordFailed(context, key, error)
      await store.commands.finish(command._id, epoch, 'failed', error)
      return true
    }
    if (outcome.error !== undefined) {
      await store.commands.finish(command._id, epoch, 'failed', {
        code: `whatsapp.${outcome.error}`,
        reason: `WhatsApp refused it (${outcome.error})`,
      })
      return true
    }
    await recordOwnChange(context, command, new Date())
    await store.commands.finish(command._id, epoch, 'done')
    return true
  }

  /** Back to the head of its lane. Without a connection it uses up no attempt. */
  async function again(command: Command, countsAsAttempt: boolean): Promise<boolean> {
    if (countsAsAttempt && command.attempts >= maxAttempts) {
      const error = { code: 'command.gave_up', reason: `It was tried ${command.attempts} times` }
      if (command.kind === 'message.send') await failMessage(command as Command<'message.send'>, error)
      await store.commands.finish(command._id, epoch, 'failed', error)
      return true
    }
    const waitMs = countsAsAttempt ? Math.min(60_000, 1_000 * 2 ** command.attempts) : 0
    const retryAt = new Date(Date.now() + waitMs)
    await store.commands.putBack(command._id, epoch, retryAt, countsAsAttempt)
    if (waitMs > 0) rest(toLane(command), retryAt)
    return false
  }

  async function failMessage(command: Command<'message.send'>, error: { code: string; reason: string }): Promise<void> {
    const chat = open?.connection.identify(command.payload.to) ?? ([command.payload.to] as const)
    await recordFailed(context, await recordQueued(context, command, chat), error)
  }

  /** Looked at again each second: its head may have been cancelled meanwhile. */
  function rest(lane: string, until: Date): void {
    resting.set(lane, Math.min(until.getTime(), Date.now() + 1_000))
  }

  function findWork(): Promise<Command[]> {
    const taken = [...busy.keys(), ...resting.keys()].flatMap(formsOf)
    return patiently(() => store.commands.waiting(sessionId, epoch, 500, taken), { signal })
  }

  /** Everything but time rings. The database is asked what comes due only when there is nothing else to do. */
  async function msUntilNext(isIdle: boolean): Promise<number> {
    const due = open && isIdle ? await patiently(() => store.commands.nextDue(sessionId), { signal }) : undefined
    const next = Math.min(...resting.values(), due?.getTime() ?? Infinity) - Date.now()
    return Math.max(0, Math.min(next, isIdle ? 15_000 : 1_000))
  }

  async function runLane(commands: Command[]): Promise<void> {
    for (const command of commands) {
      if (signal.aborted || !open) return
      const goOn = await patiently(() => process(command), { signal })
      if (!goOn) return
    }
  }

  return {
    ring: () => wake.ring('command'),
    use(connection) {
      open?.closed.abort()
      open = connection && { connection, closed: new AbortController() }
      if (connection) wake.ring('open')
    },
    acked: (messageId, error) => acks.get(messageId)?.({ error }),
    async run() {
      while (!signal.aborted) {
        const now = Date.now()
        for (const [lane, until] of resting) if (until <= now) resting.delete(lane)
        const waiting = open ? await findWork() : []
        for (const [lane, commands] of groupBy(waiting, toLane)) {
          if (isBusy(lane) || busy.size >= lanes) continue
          const work = runLane(commands)
            .catch((error: unknown) => {
              if (!signal.aborted && !(error instanceof LeaseLost)) options.onError(error, commands[0]?._id ?? '')
            })
            .finally(() => {
              busy.delete(lane)
              wake.ring('lane')
            })
          busy.set(lane, work)
        }
        await wake.sleep(await msUntilNext(waiting.length === 0), signal)
      }
      await Promise.all(busy.values())
    },
  }
}
