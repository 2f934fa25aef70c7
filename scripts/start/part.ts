// One part of `npm start`: a program that is started again when it dies, with a growing wait, and said so.
import { startChild, type Child } from './child.ts'

export type PartOptions = {
  name: string
  program: string
  /** Asked before each start: a later start may need what an earlier one learned. */
  env: () => Record<string, string>
  say: (sentence: string) => void
  firstWaitMs?: number
  longestWaitMs?: number
}

export type Part = { readonly ready: Record<string, string>; stop(): Promise<void> }

/** Rejects when the first start fails; later ones are repeated until `stop`. */
export async function openPart(options: PartOptions): Promise<Part> {
  const { name, say } = options
  const start = () => startChild(options.program, options.env(), { showStderr: true })
  const first = options.firstWaitMs ?? 500
  let child: Child = await start()
  const stopping = new AbortController()
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
          say(`${name} runs again`)
          break
        } catch (error) {
          say(`${name} could not be started: ${error instanceof Error ? error.message : String(error)}`)
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
