// A sandbox in a process of its own, as everything but its unit tests uses it; can be killed and started again.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openDoor } from './client.ts'

const MAIN = new URL('../main.ts', import.meta.url).pathname

const launch = async (dataDir: string, port: number): Promise<{ child: ChildProcess; url: string }> => {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN], {
    env: {
      ...process.env,
      SANDBOX_PORT: String(port),
      DATA_DIR: dataDir,
      LOG_LEVEL: process.env.SANDBOX_LOG ?? 'error',
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  for await (const line of createInterface({ input: child.stdout! })) {
    const ready = /^ready (.*)$/.exec(line)
    if (ready) return { child, url: (JSON.parse(ready[1]!) as { sandbox: string }).sandbox }
  }
  throw new Error('the sandbox did not start')
}

export const startSandboxProcess = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'wastream-sandbox-'))
  let running = await launch(dataDir, 0)
  const { url } = running
  const end = async (signal: NodeJS.Signals) => {
    const { child } = running
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  return {
    url,
    wsUrl: `${url.replace('http', 'ws')}/ws/chat`,
    pid: () => running.child.pid,
    door: openDoor(url),
    kill: () => end('SIGKILL'),
    restart: async () => {
      running = await launch(dataDir, Number(new URL(url).port))
    },
    /** Closes the IPC channel, as the end of its parent would. */
    disconnect: async () => {
      running.child.disconnect()
      await once(running.child, 'exit')
    },
    stop: async () => {
      await end('SIGTERM')
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
export type SandboxProcess = Awaited<ReturnType<typeof startSandboxProcess>>
