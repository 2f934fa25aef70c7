// The session's commands leave in order per lane, lanes side by side. A command ends only when the server has it:
// until then it is sent again with the same id.
import { setMaxListeners } from 'node:events'
import { lightKinds, type Command } from '../../../shared/model/command.ts'
import type { Pace as PaceSettings } from '../../../shared/model/session.ts'
import { LeaseLost } from '../../../shared/store/auth-log.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import type { Fact } from '../../whatsapp/facts.ts'
import { patiently } from '../../patiently.ts'
import type { RecordContext } from '../record/context.ts'
import { groupBy } from '../record/group-by.ts'
import { createWake } from '../../wake.ts'
import { createAcks } from './acks.ts'
import { createBatches } from './batches.ts'
import { createNewContacts } from './new-contacts.ts'
import type { Outreach } from './outreach.ts'
import { createPace, type Clock } from './pace.ts'
import { createSendGroup, type OpenConnection } from './send-group.ts'

/** Rest after a look at the queue that failed. */
const failedMs = 1_000

export type OutboxOptions = {
  context: RecordContext
  epoch: number
  signal: AbortSignal
  /** While it is locked, messages to new contacts wait. Ring when it changes. */
  outreach: Outreach
  onError: (error: unknown, commandId: string) => void
  /** Lanes at once. Default 16. */
  lanes?: number
  /** Messages of one lane on the wire that are not acknowledged yet. Default 32. */
  inFlight?: number
  /** How long the server may take to acknowledge, ms. Default 20000. */
  ackTimeoutMs?: number
  /** Tries before a command that keeps failing is given up. Default 5. */
  maxAttempts?: number
  /** Default performance.now and Math.random. */
  clock?: Clock
}

export type Outbox = {
  /** There may be something to do; in that lane, when it is known. */
  ring(lane?: string): void
  /** The connection to use, or none while there is none. */
  use(connection: Connection | undefined): void
  /** How fast messages may leave, from the next one on. */
  setPace(settings: PaceSettings | undefined): void
  /** A fact was recorded that may let go what waits. */
  noticed(fact: Fact): void
  /** The server's ack was recorded. */
  acked(messageId: string, error: string | undefined): void
  run(): Promise<void>
}

const hasFile = ({ payload }: Command<'message.send'>) => 'media' in payload.content

export function createOutbox(options: OutboxOptions): Outbox {
  const { context, epoch, signal, outreach } = options
  const { store, sessionId } = context
  const lanes = options.lanes ?? 16
  const inFlight = options.inFlight ?? 32
  const wake = createWake()
  const busy = new Map<string, Promise<void>>()
  /** Lanes whose head waits to be tried again, and until when (epoch ms). */
  const resting = new Map<string, number>()
  const pace = createPace(options.clock ?? { nowMs: () => performance.now(), random: Math.random })
  const acks = createAcks(options.ackTimeoutMs ?? 20_000)
  let open: OpenConnection | undefined

  /** Every form of a chat's address: accepted before and after the chat was known, its commands name different ones. */
  const formsOf = (lane: string): readonly string[] => open?.connection.identify(lane) ?? [lane]
  const toLane = (lane: string): string => [...formsOf(lane)].sort()[0] ?? lane
  const isBusy = (lane: string): boolean => formsOf(lane).some((form) => busy.has(form))

  const newContacts = createNewContacts({
    context,
    outreach,
    formsOf,
    isMe: (jid) => open?.connection.isMe(jid) ?? false,
  })

  /** Lanes at work that wait for a file of theirs, and not for WhatsApp: they take no other lane's place. */
  let preparing = 0
  /** Until nothing of former owners is left in hand. */
  let mayBeLeft = true
  const batches = createBatches(context)
  const sendGroup = createSendGroup({
    context,
    batches,
    epoch,
    signal,
    acks,
    maxAttempts: options.maxAttempts ?? 5,
    open: () => open,
    mayLeave: () => pace.take(),
    outreach,
    isHeld: (command) => newContacts.isHeld(command),
    rest,
    async preparing(work) {
      preparing += 1
      wake.ring('preparing')
      try {
        return await work()
      } finally {
        preparing -= 1
      }
    },
    onError: options.onError,
  })

  /** Looked at again each second: its head may have been cancelled meanwhile. */
  function rest(lane: string, until: Date): void {
    resting.set(toLane(lane), Math.min(until.getTime(), Date.now() + 1_000))
  }

  async function findWork(): Promise<Command[]> {
    const standing = mayBeLeft ? await patiently(() => store.commands.left(sessionId, epoch, 500), { signal }) : []
    mayBeLeft = standing.length > 0
    const left = standing.filter(({ lane }) => !resting.has(toLane(lane)))
    const except = [...busy.keys(), ...resting.keys()].flatMap(formsOf)
    const held = newContacts.held()
    // A former owner that was cut short may have put back what stands before something it left in hand.
    const merge = (more: Command[]) => [...left, ...more].sort((a, b) => a.ts.compare(b.ts))
    if (!pace.isOn())
      return merge(await patiently(() => store.commands.waiting(sessionId, 500, except, held), { signal }))
    // Few go at a time, and what is light must be seen behind however many messages.
    const waiting = await patiently(() => store.commands.waiting(sessionId, 50, except, held), { signal })
    const light = await patiently(() => store.commands.waitingLight(sessionId, 500), { signal })
    const seen = new Set(waiting.map(({ _id }) => _id))
    return merge([...waiting, ...light.filter(({ _id, lane }) => !seen.has(_id) && !resting.has(toLane(lane)))])
  }

  const mayGo = (commands: readonly Command[]) => patiently(() => newContacts.mayGo(commands), { signal })

  /** A page on which everything has to wait hides nothing: the next one is without those lanes. */
  async function findToGo(): Promise<Command[]> {
    for (;;) {
      const found = await findWork()
      const going = await mayGo(found)
      if (going.length > 0 || found.length === 0) return going
    }
  }

  /** Of a lane's commands those that may go: while its first message has to wait, only what may overtake messages. */
  function toGo(commands: Command[]): Command[] {
    const first = commands.find(({ kind }) => !lightKinds.includes(kind))
    const waits = first?.kind === 'message.send' && pace.msUntilNext() > 0
    return waits ? commands.filter(({ kind }) => lightKinds.includes(kind)) : commands
  }

  /** Everything but time rings. The database is asked what comes due only when there is nothing else to do. */
  async function msUntilNext(isIdle: boolean, isPaced: boolean): Promise<number> {
    const due = open && isIdle ? await patiently(() => store.commands.nextDue(sessionId), { signal }) : undefined
    const next = Math.min(...resting.values(), due?.getTime() ?? Infinity) - Date.now()
    return Math.max(
      0,
      Math.min(next, outreach.msUntilEnd(), isPaced ? pace.msUntilNext() : Infinity, isIdle ? 15_000 : 1_000),
    )
  }

  /** Messages go a few at a time. One with a file, anything else, and what was left by a former owner, goes alone. */
  function takeGroup(commands: Command[]): Command[] {
    const isQuick = (command: Command) =>
      command.kind === 'message.send' && command.state === 'queued' && !hasFile(command as Command<'message.send'>)
    const end = commands.findIndex((command, i) => i >= inFlight || !isQuick(command))
    return commands.splice(0, end === -1 ? commands.length : Math.max(1, end))
  }

  async function runLane(commands: Command[]): Promise<void> {
    while (commands.length > 0 && !signal.aborted) {
      if (!open) return
      const taken = takeGroup(commands)
      const group = await mayGo(taken)
      if (group.length > 0 && !(await patiently(() => sendGroup(group), { signal }))) return
      // Nothing of the lane overtakes what has to wait.
      if (group.length < taken.length) return
    }
  }

  /** One look at the queue: starts what may go, and returns how long nothing else is to be expected, ms. */
  async function step(): Promise<number> {
    const now = Date.now()
    for (const [lane, until] of resting) if (until <= now) resting.delete(lane)
    await outreach.endIfOver()
    const waiting = open ? await findToGo() : []
    let isPaced = false
    let isIdle = true
    for (const [lane, all] of groupBy(waiting, (command) => toLane(command.lane))) {
      const commands = toGo(all)
      isPaced ||= commands.length < all.length
      isIdle &&= commands.length === 0
      if (commands.length === 0 || isBusy(lane) || busy.size - preparing >= lanes) continue
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
    return msUntilNext(isIdle, isPaced)
  }

  return {
    ring(lane) {
      // A lane at work looks again when it is through.
      if (lane === undefined || !isBusy(lane)) wake.ring('command')
    },
    use(connection) {
      open?.closed.abort()
      const closed = new AbortController()
      // Every message on the wire listens for the end of its connection.
      setMaxListeners(0, closed.signal)
      open = connection && { connection, closed }
      if (connection) wake.ring('open')
    },
    setPace(settings) {
      pace.set(settings)
      wake.ring('pace')
    },
    noticed(fact) {
      if (newContacts.noticed(fact)) wake.ring('heard')
    },
    acked: (messageId, error) => acks.acked(messageId, { error }),
    async run() {
      const resuming = patiently(() => batches.resume(), { signal }).catch((error: unknown) => {
        if (!signal.aborted && !(error instanceof LeaseLost)) options.onError(error, '')
      })
      while (!signal.aborted) {
        try {
          await wake.sleep(await step(), signal)
        } catch (error) {
          if (signal.aborted || error instanceof LeaseLost) throw error
          // One look that failed must not be the last.
          options.onError(error, '')
          await new Promise((resolve) => setTimeout(resolve, failedMs))
        }
      }
      await Promise.all([...busy.values(), resuming])
    },
  }
}
