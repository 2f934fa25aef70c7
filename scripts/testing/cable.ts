// A way to the run's MongoDB that can be cut and mended.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type Cable = {
  /** The same MongoDB, through the cable. */
  uri: string
  /** Ends every connection, all in the same moment, and every new one as it comes. */
  cut(): void
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
    cut() {
      isCut = true
      drop()
    },
    mend: () => void (isCut = false),
    close() {
      server.close()
      drop()
    },
  }
}
