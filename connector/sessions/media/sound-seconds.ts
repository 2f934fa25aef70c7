// How long a sound lasts. What strangers wrote is read in a thread of its own, with little time and little memory: a file
// made to be read for minutes costs its own length, and nobody else a moment.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createConnectGate } from '../connect-gate.ts'

export type Sound = { mimetype: string; /** Bytes. */ size: number }
export type ToWorker = { piece?: Uint8Array }
export type FromWorker = { wants: true } | { seconds: number | undefined }

/** From the first byte it asks for, ms. */
const readingMs = 4_000
/** Until it asks for the first byte, ms. */
const startingMs = 20_000
const longestSeconds = 86_400 * 7
const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 }
/** One at a time: however many such files come at once, they keep one core busy at most. */
const gate = createConnectGate({ places: 1, jitterMs: 0 })
const { signal: never } = new AbortController()

/** `undefined`: it cannot be found out, or not in time. `limitMs` default 4000. */
export async function soundSeconds(
  source: AsyncIterable<Uint8Array>,
  sound: Sound,
  limitMs = readingMs,
): Promise<number | undefined> {
  const leave = await gate.enter(never)
  try {
    const seconds = await inOwnThread(source, sound, limitMs)
    return seconds !== undefined && seconds <= longestSeconds ? seconds : undefined
  } catch {
    // Out of time, out of memory, or no sound: its length is not known, and it goes without.
    return undefined
  } finally {
    leave()
  }
}

async function inOwnThread(source: AsyncIterable<Uint8Array>, sound: Sound, limitMs: number) {
  const worker = startWorker(sound)
  // Whoever waits for its next word hears of it as well; between two words nobody does.
  worker.on('error', () => undefined)
  try {
    return await converse(worker, source, limitMs)
  } finally {
    await worker.terminate()
  }
}

async function converse(worker: Worker, source: AsyncIterable<Uint8Array>, limitMs: number) {
  let word = await nextWord(worker, AbortSignal.timeout(startingMs))
  const signal = AbortSignal.timeout(limitMs)
  if ('seconds' in word) return word.seconds
  for await (const bytes of source) {
    // A copy of just these bytes: what they are cut from may be far more.
    const piece = new Uint8Array(bytes)
    word = await answer(worker, { piece }, [piece.buffer], signal)
    if ('seconds' in word) return word.seconds
  }
  word = await answer(worker, {}, [], signal)
  return 'seconds' in word ? word.seconds : undefined
}

async function answer(worker: Worker, message: ToWorker, moved: ArrayBuffer[], signal: AbortSignal) {
  worker.postMessage(message, moved)
  return nextWord(worker, signal)
}

async function nextWord(worker: Worker, signal: AbortSignal): Promise<FromWorker> {
  const [word] = (await once(worker, 'message', { signal })) as [FromWorker]
  return word
}

/** Threads do not inherit what lets this process run TypeScript; what is compiled needs none of it. */
function startWorker(sound: Sound): Worker {
  const options = { workerData: sound, resourceLimits, env: {}, execArgv: [], stdout: true, stderr: true }
  if (import.meta.url.endsWith('.js')) return new Worker(new URL('./sound-worker.js', import.meta.url), options)
  const loader = import.meta.resolve('tsx/esm/api')
  const program = new URL('./sound-worker.ts', import.meta.url).href
  const start = `import(${JSON.stringify(loader)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(program)}) })`
  return new Worker(start, { ...options, eval: true })
}
