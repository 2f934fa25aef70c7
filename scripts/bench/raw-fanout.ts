// The other side of the fan-out: `ws` as it comes, one send per message per socket.
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { serveTasks } from './serve-tasks.ts'

/** So many events to every socket, in bursts; each is encoded once. */
export type Task = { do: 'send'; events: number; burst: number; data: object }

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
await new Promise((resolve) => server.once('listening', resolve))
let seq = 0

serveTasks(
  async ({ events, burst, data }: Task) => {
    for (let sent = 0; sent < events; sent += 1) {
      seq += 1
      const at = new Date().toISOString()
      const text = JSON.stringify({ id: `fan:${seq}`, stream: 'fan', seq, type: 'message.received', at, data })
      for (const client of server.clients) client.send(text)
      if (sent % burst === burst - 1) await setImmediate()
    }
    return {}
  },
  { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` },
)
