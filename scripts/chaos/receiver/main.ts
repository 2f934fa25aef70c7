// The receiver of a run's webhooks: a process that can be killed, and behaves as it is told.
// POST /hook/{hook} is written down, then answered; PUT /behaviour/{hook}/{behaviour}.
import { appendFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as v from 'valibot'
import { Behaviour, Hook, hooks, type JournalLine } from './hooks.ts'

/** Shorter than an attempt may take. */
const slowMs = 1_500

const { RECEIVER_PORT = '0', JOURNAL } = process.env
if (JOURNAL === undefined) throw new Error('JOURNAL must be the path of a file')
const journal = JOURNAL
const behaviours = new Map<Hook, Behaviour>(hooks.map((hook) => [hook, 'takes']))

const server = createServer((request, response) => {
  const [, what, hook, behaviour] = (request.url ?? '').split('/')
  response.on('error', () => undefined)
  if (what === 'behaviour') return behave(v.parse(Hook, hook), v.parse(Behaviour, behaviour), response)
  const chunks: Buffer[] = []
  request.on('error', () => undefined)
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => receive(v.parse(Hook, hook), request, Buffer.concat(chunks).toString(), response))
})

function behave(hook: Hook, behaviour: Behaviour, response: ServerResponse): void {
  behaviours.set(hook, behaviour)
  response.writeHead(204).end()
}

function receive(hook: Hook, request: IncomingMessage, body: string, response: ServerResponse): void {
  const header = (name: string) => String(request.headers[name] ?? '')
  const post = {
    hook,
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    signature: header('webhook-signature'),
    body,
  }
  const write = (isTaken: boolean) => {
    const line: JournalLine = { ...post, isTaken }
    appendFileSync(journal, `\n${JSON.stringify(line)}\n`)
  }
  const take = () => {
    write(true)
    response.writeHead(204).end()
  }
  switch (behaviours.get(hook) ?? 'takes') {
    case 'takes':
      return take()
    case 'refuses':
      write(false)
      return void response.writeHead(500).end()
    case 'resets':
      write(false)
      return void response.socket?.resetAndDestroy()
    case 'slow':
      write(false)
      return void setTimeout(take, slowMs)
    case 'hangs':
      return write(false)
  }
}

server.listen(Number(RECEIVER_PORT), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`ready ${JSON.stringify({ receiver: `http://127.0.0.1:${port}` })}\n`)
})
for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(name, () => process.exit(0))
