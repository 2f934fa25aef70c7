// A way to the run's MongoDB that can be cut and mended.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

export type Cable = {
  /** The same MongoDB, through the cable. */
  uri: string
  /** Ends every connection, in the order they were opened, and every new one at once. */
  cut(): Promise<void>
  mend(): void
  close(): void
}

export async function openCable(uri: string): Promise<Cable> {
  const target = new URL(uri)
  const open = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(Number(target.port || 27017), target.hostname)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => undefined).on('close', () => open.delete(socket))
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const drop = () => open.forEach((socket) => socket.destroy())
  return {
    uri: `mongodb://127.0.0.1:${port}/?directConnection=true`,
    async cut() {
      isCut = true
      // One after the other, the driver's monitor first: a command that the driver writes between a socket's destruction
      // and its `close` event never ends, and a monitor so caught never looks again (mongodb 7.9.0, observed 2026-11;
      // only where the server's hello has no topologyVersion).
      for (const socket of open) {
        if (!socket.destroyed) {
          const closed = once(socket, 'close')
          socket.destroy()
          await closed
        }
        await settle()
      }
    },
    mend: () => void (isCut = false),
    close() {
      server.close()
      drop()
    },
  }
}

/** Lets the other end of a socket in this process notice. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await nextTurn()
}
