// One part of `npm start`: a program that is started again when it dies, with a growing wait, and said so.
import { ChildFailed, startChild, type Child } from './child.ts'

export type PartOptions = {
  name: string
  program: string
  /** Asked before each start: a later start may need what an earlier one learned. */
  env: () => Record<string, string>
  say: (sentence: string) => void
  /** Told every line of its stderr. */
  onStderr: (line: string) => void
  /** Ends a start under way, the first one or a later one. */
  signal?: AbortSignal
  firstWaitMs?: number
  longestWaitMs?: number
}

export type Part = { readonly ready: Record<string, string>; stop(): Promise<void> }

/** Rejects when the first start fails; later ones are repeated until `stop`. */
export async function openPart(options: PartOptions): Promise<Part> {
  const { name, say } = options
  const stopping = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stopping.signal]) : stopping.signal
  const start = () => startChild(options.program, options.env(), { onStderr: options.onStderr, signal })
  const first = options.firstWaitMs ?? 500
  let child: Child = await start()
  let waitMs = first
  let wakeUp: (() => void) | undefined

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedAt = Date.now()
      const how = await child.exited
      if (stopping.signal.aborted) return
      if (Date.now() - startedAt > 60_000) waitMs = first
      say(`${name} ended with ${how}; it is started again in ${waitMs} ms`)
      for (;;) {
        await new Promise<void>((resolve) => {
          wakeUp = resolve
          setTimeout(resolve, waitMs)
        })
        if (stopping.signal.aborted) return
        waitMs = Math.min(waitMs * 2, options.longestWaitMs ?? 30_000)
        try {
          child = await start()
          // Whoever stopped us in this very moment waits for the one before.
          if (stopping.signal.aborted) return await child.stop()
          say(`${name} runs again`)
          break
        } catch (error) {
          if (stopping.signal.aborted) return
          const why = error instanceof ChildFailed && error.isShown ? '' : ` (${String(error)})`
          say(`${name} could not be started${why}; it is tried again in ${waitMs} ms`)
        }
      }
    }
  }
  const watching = watch()
  return {
    get ready() {
      return child.ready
    },
    async stop() {
      stopping.abort()
      wakeUp?.()
      await child.stop()
      await watching
    },
  }
}
