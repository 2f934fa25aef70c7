// The inspector of a process that was started with `inspected`: asked for what it does not tell by itself.
import WebSocket from 'ws'

/** NODE_OPTIONS of a process that may be asked. */
export const inspected = '--inspect=127.0.0.1:0'

export type Inspector = {
  /** One call of the DevTools protocol; its `result`. Rejects with what the process answers instead. */
  call<Result = object>(method: string, params?: object): Promise<Result>
  close(): void
}

/** `stderr` is what the process has written so far: the address stands in it. */
export async function openInspector(stderr: string): Promise<Inspector> {
  const address = [...stderr.matchAll(/ws:\/\/127\.0\.0\.1:\S+/g)].at(-1)?.[0]
  if (!address) throw new Error('the process has no inspector')
  const socket = new WebSocket(address, { maxPayload: 256 * 1_048_576 })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const waiting = new Map<number, (answer: { result: never; error?: { message: string } }) => void>()
  socket.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as { id: number; result: never; error?: { message: string } }
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  let lastId = 0
  return {
    call: (method, params = {}) =>
      new Promise((resolve, reject) => {
        const id = (lastId += 1)
        waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)))
        socket.send(JSON.stringify({ id, method, params }))
      }),
    close: () => socket.close(),
  }
}

/** Twice, so that what the first one only marked goes as well. */
export async function collectGarbage({ call }: Inspector): Promise<void> {
  for (let round = 0; round < 2; round += 1) await call('HeapProfiler.collectGarbage')
}
