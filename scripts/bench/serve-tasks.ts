// A program of the benchmark that is steered over HTTP: POST / with a task, its answer when it is done. Ends with its starter.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

async function readTask<Task>(request: IncomingMessage): Promise<Task> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return JSON.parse(text) as Task
}

/** Says `ready` with its `control` address, and whatever else it is given. */
export function serveTasks<Task>(perform: (task: Task) => Promise<unknown>, ready: Record<string, string> = {}): void {
  const server = createServer((request, response) => {
    readTask<Task>(request)
      .then(perform)
      .then(
        (answer) => response.end(JSON.stringify(answer)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      )
  })
  // A task may take minutes.
  server.requestTimeout = 0
  server.listen(0, '127.0.0.1', () => {
    const control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    process.stdout.write(`ready ${JSON.stringify({ ...ready, control })}\n`)
  })
  process.on('disconnect', () => process.exit(0))
}
