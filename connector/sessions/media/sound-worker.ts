// The other thread of sound-seconds.ts: asks for the file piece by piece, says how long it lasts, and may be ended any time.
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { parseStream } from 'music-metadata'
import type { FromWorker, Sound, ToWorker } from './sound-seconds.ts'

async function* pieces(port: MessagePort): AsyncGenerator<Uint8Array> {
  for (;;) {
    port.postMessage({ wants: true } satisfies FromWorker)
    const [{ piece }] = (await once(port, 'message')) as [ToWorker]
    if (!piece) return
    yield piece
  }
}

async function secondsOf(port: MessagePort, { mimetype, size }: Sound): Promise<number | undefined> {
  const source = Readable.from(pieces(port), { objectMode: false })
  const { format } = await parseStream(source, { mimeType: mimetype, size }, { duration: true })
  return format.duration
}

if (parentPort) {
  // What cannot be read has no length; the sound itself goes or is kept all the same.
  const seconds = await secondsOf(parentPort, workerData as Sound).catch(() => undefined)
  parentPort.postMessage({ seconds } satisfies FromWorker)
}
