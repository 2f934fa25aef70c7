// A program that is kept running whatever is done to it: killed, frozen, stopped or fallen by itself, it is started again.
import { setTimeout as pause } from 'node:timers/promises'
import { startChild, type Child } from '../start/child.ts'

export type Program = {
  readonly name: string
  /** What it said at its last start. */
  ready(): Record<string, string>
  /** Runs, and is neither frozen nor on its way. What is not is left alone: every fault answers whether it happened. */
  isUp(): boolean
  /** `kill -9`; started again after `downMs`. */
  kill(downMs: number): Promise<boolean>
  /** SIGTERM, then started again. */
  restart(downMs: number): Promise<boolean>
  /** SIGSTOP, and SIGCONT after `frozenMs`. */
  freeze(frozenMs: number): Promise<boolean>
  /** How often it ended though nobody had asked it to. */
  falls(): string[]
  /** Resolves when it runs. */
  whenUp(): Promise<void>
  /** Everything all its lives wrote. */
  log(): string
  close(): Promise<void>
}

export type ProgramOptions = {
  name: string
  program: string
  /** Asked before each start: a later start may need what an earlier one learned. */
  env: () => Record<string, string>
  note: (sentence: string) => void
}

const retryMs = 500
const stopMs = 15_000

/** Rejects when the first start fails. */
export async function openProgram({ name, program, env, note }: ProgramOptions): Promise<Program> {
  let lives = ''
  const falls: string[] = []
  let state: 'up' | 'busy' | 'closed' = 'up'
  const isUp = () => state === 'up'
  const isClosed = () => state === 'closed'
  const start = () => startChild(program, env())
  let child: Child = await start()
  let running: Promise<void> = Promise.resolve()
  const writings = (one: Child) => `${one.stdout()}${one.stderr()}`
  watch(child)

  function watch(one: Child): void {
    void one.exited.then((how) => {
      lives += `--- ${name}, pid ${one.pid}, ended with ${how}\n${writings(one)}`
      if (one !== child || !isUp()) return
      falls.push(`${name} ended by itself with ${how}: ${one.stderr().trim().split('\n').at(-1) ?? ''}`)
      note(`${name} ended by itself with ${how}`)
      state = 'busy'
      running = startAgain(retryMs)
    })
  }

  /** Until it runs: what it rests on may be away. */
  async function startAgain(afterMs: number): Promise<void> {
    await pause(afterMs)
    while (!isClosed()) {
      try {
        const next = await start()
        child = next
        watch(next)
        if (isClosed()) next.kill('SIGKILL')
        else state = 'up'
        return
      } catch (error) {
        lives += `--- ${name} did not start: ${(error as Error).message}\n`
        await pause(retryMs)
      }
    }
  }

  async function down(signal: 'SIGKILL' | 'SIGTERM', afterMs: number): Promise<boolean> {
    if (!isUp()) return false
    state = 'busy'
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), stopMs)
    await child.exited
    clearTimeout(late)
    running = startAgain(afterMs)
    await running
    return true
  }

  return {
    name,
    ready: () => child.ready,
    isUp,
    kill: (downMs) => down('SIGKILL', downMs),
    restart: (downMs) => down('SIGTERM', downMs),
    async freeze(frozenMs) {
      if (!isUp()) return false
      state = 'busy'
      child.kill('SIGSTOP')
      await pause(frozenMs)
      child.kill('SIGCONT')
      if (!isClosed()) state = 'up'
      return true
    },
    falls: () => falls,
    async whenUp() {
      while (!isUp()) await pause(50)
    },
    log: () => `${lives}--- ${name}, pid ${child.pid}\n${writings(child)}`,
    async close() {
      state = 'closed'
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), stopMs)
      await child.exited
      clearTimeout(late)
      await running
    },
  }
}
