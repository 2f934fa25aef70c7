// A program in a process of its own, as it runs in production: started, awaited until `ready`, stopped or killed.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'

export type Child = {
  /** What the program's `ready {…}` line said. */
  readonly ready: Record<string, string>
  readonly pid: number
  /** Everything it wrote to stderr so far, the last two million characters of it. */
  stderr(): string
  /** The same of stdout. */
  stdout(): string
  kill(signal: NodeJS.Signals): void
  /** Resolves with the exit code, or the signal's name. */
  exited: Promise<number | NodeJS.Signals>
  /** SIGTERM, then waits. */
  stop(): Promise<void>
}

/** It ended before it was ready. `isShown`: its own sentence went to our stderr already. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed'
  readonly isShown: boolean
  constructor(message: string, isShown: boolean) {
    super(message)
    this.isShown = isShown
  }
}

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Of a compiled tree the children are compiled programs too. */
const isCompiled = import.meta.url.endsWith('.js')

/** Programs that stand compiled in this folder are started from there: that takes half the processor time of tsx. */
const compiledTree = process.env['WASTREAM_COMPILED']

function toArguments(program: string): string[] {
  const compiled = program.replace(/\.ts$/, '.js')
  if (isCompiled) return [compiled]
  const found = compiledTree === undefined ? undefined : join(compiledTree, compiled)
  return found !== undefined && existsSync(found) ? [found] : ['--import', 'tsx', program]
}

const keptChars = 2_000_000

export type ChildOptions = {
  /** Told every line of its stderr. */
  onStderr?: (line: string) => void
  /** Ends it when it aborts before the child is ready. */
  signal?: AbortSignal
}

/** What did not end on SIGTERM while it was starting is killed after so long, ms. */
const patienceMs = 3_000

/** `program` is a path from the repo's root. The child ends with this process: it has an IPC channel. */
export function startChild(program: string, env: Record<string, string>, options: ChildOptions = {}): Promise<Child> {
  const child: ChildProcess = spawn(process.execPath, toArguments(program), {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C reaches whoever started it, which then stops the parts in order.
    detached: true,
  })
  let stderr = ''
  let stdout = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-keptChars)))
  const { onStderr, signal } = options
  if (onStderr) createInterface({ input: child.stderr! }).on('line', onStderr)
  // `close`, not `exit`: by then everything that it wrote has arrived.
  const exited = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL')),
  )
  const giveUp = () => {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    void exited.then(() => clearTimeout(late))
  }
  signal?.addEventListener('abort', giveUp, { once: true })
  if (signal?.aborted) giveUp()
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout! })
    lines.on('line', (line) => {
      stdout = `${stdout}${line}\n`.slice(-keptChars)
      if (!line.startsWith('ready ')) return
      signal?.removeEventListener('abort', giveUp)
      resolve({
        ready: JSON.parse(line.slice('ready '.length)) as Record<string, string>,
        pid: child.pid ?? 0,
        stderr: () => stderr,
        stdout: () => stdout,
        kill: (signal) => void child.kill(signal),
        exited,
        async stop() {
          child.kill('SIGTERM')
          await exited
        },
      })
    })
    child.once('error', reject)
    void exited.then((how) =>
      reject(
        new ChildFailed(
          `${program} ended with ${how} before it was ready: ${stderr.slice(-2_000)}`,
          onStderr !== undefined && stderr !== '',
        ),
      ),
    )
  })
}
