// ffmpeg, where there is one: bytes in, bytes out, in a process of its own. It reads what strangers wrote, and is held
// accordingly: fixed arguments, no shell, no environment, nothing but its pipe to read from, little time, bounded output.
import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { Readable } from 'node:stream'
import { createConnectGate } from '../connect-gate.ts'

export type FfmpegWork = {
  /** Demuxers that may read it, as ffmpeg calls them: none that opens other files. */
  formats: string
  /** What is said of the input and of the output, in ffmpeg's words; never a user's. */
  input?: readonly string[]
  output: readonly string[]
  source: AsyncIterable<Uint8Array>
  /** More than this ends it, bytes. */
  maxBytes: number
}

export type Ffmpeg = {
  /** What it wrote. Throws when it failed, took too long, wrote too much or nothing; waits for a place before. */
  run(work: FfmpegWork, signal: AbortSignal): Promise<Buffer>
}

export type FfmpegOptions = {
  /** Absolute. */
  path: string
  /** At once. Default 2: each may keep a core busy. */
  places?: number
  /**
   * From its start until it is killed, ms. Default 30000. The kernel ends it after as much processor time, also when this
   * process is not there any more to do so.
   */
  wholeMs?: number
}

/** One block of memory that it may ask for at a time, bytes. */
const largestBlock = 256 * 1_048_576
/** Everybody else goes first. */
const niceness = 19

export function createFfmpeg({ path, places = 2, wholeMs = 30_000 }: FfmpegOptions): Ffmpeg {
  const gate = createConnectGate({ places, jitterMs: 0 })
  const limits = ['-max_alloc', String(largestBlock), '-timelimit', String(Math.ceil(wholeMs / 1_000))]
  const always = ['-nostdin', '-hide_banner', '-loglevel', 'quiet', ...limits]

  async function convert(work: FfmpegWork, signal: AbortSignal): Promise<Buffer> {
    const input = ['-protocol_whitelist', 'pipe', '-format_whitelist', work.formats, '-threads', '1']
    const child = spawn(path, [...always, ...input, ...(work.input ?? []), '-i', 'pipe:0', ...work.output, 'pipe:1'], {
      env: {},
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: wholeMs,
      signal,
      killSignal: 'SIGKILL',
    })
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    const source = Readable.from(work.source, { objectMode: false })
    let broken: unknown
    source.once('error', (error) => {
      broken = error
      child.kill('SIGKILL')
    })
    // It stops reading when it has seen enough; what it makes of what it read is what counts.
    child.stdin.on('error', () => source.destroy())
    source.pipe(child.stdin)
    try {
      beLast(child.pid)
      const [bytes, code] = await Promise.all([collect(child.stdout, work.maxBytes), ended])
      if (code !== 0 || bytes.length === 0) throw new Error(`ffmpeg ended with ${code} after ${bytes.length} bytes`)
      return bytes
    } catch (error) {
      throw broken ?? error
    } finally {
      child.kill('SIGKILL')
      source.destroy()
    }
  }

  return {
    async run(work, signal) {
      const leave = await gate.enter(signal)
      try {
        return await convert(work, signal)
      } finally {
        leave()
      }
    },
  }
}

function beLast(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness)
  } catch {
    // It has ended already, or the system has no priorities: then it works at ours.
  }
}

async function collect(stdout: Readable, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of stdout as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > maxBytes) throw new Error(`ffmpeg wrote more than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
