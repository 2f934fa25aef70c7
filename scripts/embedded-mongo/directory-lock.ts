// One process per data folder. The lock is a listening socket, so the operating system lets go of it when its holder
// dies, however it dies; a lock file would outlive a kill -9.
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:net'
import { rmSync } from 'node:fs'

export class DirectoryHeldError extends Error {
  constructor(directory: string) {
    super(
      `The data folder ${directory} is in use by another process; stop that one, or set DATA_DIR to another folder.`,
    )
  }
}

/** Returns what unlocks it. Throws DirectoryHeldError while another process holds it. */
export async function lockDirectory(directory: string): Promise<() => void> {
  const name = `wastream-${createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 24)}`
  const path =
    process.platform === 'win32'
      ? `\\\\.\\pipe\\${name}`
      : process.platform === 'linux'
        ? `\0${name}`
        : join(tmpdir(), `${name}.sock`)
  const server = createServer((socket) => socket.destroy())
  server.unref()
  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    })
  try {
    await listen()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    if (path.startsWith('\0') || (await isAnswered(path))) throw new DirectoryHeldError(directory)
    // Elsewhere than on Linux a socket's file outlives its process; nobody answers there any more.
    rmSync(path, { force: true })
    await listen()
  }
  return () => server.close()
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
