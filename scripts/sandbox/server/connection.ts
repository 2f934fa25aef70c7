// One client's socket: bytes in, nodes out, and the other way round. Whatever does not parse or authenticate closes
// this socket and nothing else. Incoming nodes are handed on one by one, in order.
import { type BinaryNode, decodeBinaryNode, encodeBinaryNode, proto } from '@whiskeysockets/baileys'
import type { WebSocket } from 'ws'
import type { Address, KeyPair } from '../records.ts'
import { createFrameReader, frame } from './frames.ts'
import { createNoiseResponder } from './noise-responder.ts'

export type Log = { debug(data: object, text: string): void; warn(data: object, text: string): void }

export type Login = { payload: proto.ClientPayload; noisePublic: Buffer }

export type Connection = {
  readonly id: number
  /** Who logged in; absent until then, and for a client that is still to be linked. */
  address: Address | undefined
  /** True once the client said that it is ready: from then on stanzas go out as they come. */
  active: boolean
  /** Milliseconds that outgoing nodes wait; set by the delay fault. */
  delayMs: number
  send(node: BinaryNode): void
  /** The answer to a node that was sent with this id; rejects when the socket closes first. */
  answer(id: string): Promise<BinaryNode>
  /** Sends a last node, then closes in the ordinary way. */
  end(last?: BinaryNode): void
  /** Tears the TCP connection down without a word. */
  drop(): void
  /** Goes deaf and dumb, while the TCP connection stays. */
  freeze(): void
}

type Deps = {
  id: number
  serverKey: KeyPair
  log: Log
  onLogin(connection: Connection, login: Login): void
  onNode(connection: Connection, node: BinaryNode): void
  onClose(connection: Connection): void
}

export const acceptConnection = (ws: WebSocket, deps: Deps): Connection => {
  const noise = createNoiseResponder(deps.serverKey)
  const frames = createFrameReader()
  const answers = new Map<string, (node: BinaryNode | Error) => void>()
  let stage: 'hello' | 'finish' | 'open' = 'hello'
  let seal: ((bytes: Uint8Array) => Buffer) | undefined
  let unseal: ((bytes: Uint8Array) => Buffer) | undefined
  let inbound: Promise<void> = Promise.resolve()
  /** Nothing that comes in counts any more: we ended it, or tore it down. */
  let deaf = false
  let closed = false
  /** What waits to be sent, in order; `at` is epoch ms. */
  const waiting: { node: BinaryNode; at: number }[] = []

  const write = (node: BinaryNode) => {
    if (closed || deaf || !seal) return
    ws.send(frame(seal(encodeBinaryNode(node))))
  }

  /** One timer for the first of them: timers of different lengths do not keep the order they were set in. */
  const sendLater = () => {
    const [first] = waiting
    if (!first) return
    const send = () => {
      for (let next = waiting[0]; next && next.at <= Date.now(); next = waiting[0]) {
        write(next.node)
        waiting.shift()
      }
      sendLater()
    }
    setTimeout(send, Math.max(0, first.at - Date.now())).unref()
  }

  const fail = (error: unknown) => {
    deps.log.debug({ connection: deps.id, reason: String(error) }, 'socket closed: what it sent cannot be read')
    deaf = true
    ws.terminate()
  }

  const connection: Connection = {
    id: deps.id,
    address: undefined,
    active: false,
    delayMs: 0,
    send: (node) => {
      if (connection.delayMs === 0 && waiting.length === 0) return write(node)
      if (waiting.push({ node, at: Date.now() + connection.delayMs }) === 1) sendLater()
    },
    answer: (id) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error('connection closed'))
        answers.set(id, (result) => (result instanceof Error ? reject(result) : resolve(result)))
      }),
    end: (last) => {
      if (last) write(last)
      deaf = true
      ws.close()
    },
    drop: () => {
      deaf = true
      ws.terminate()
    },
    freeze: () => {
      deaf = true
      ws.pause()
    },
  }

  const receive = (bytes: Buffer) => {
    if (stage === 'open') {
      const plain = unseal!(bytes)
      inbound = inbound
        .then(() => decodeBinaryNode(plain))
        .then((node) => {
          if (deaf) return
          const waiting = node.attrs.id === undefined ? undefined : answers.get(node.attrs.id)
          if (waiting && node.attrs.type !== 'get' && node.attrs.type !== 'set') {
            answers.delete(node.attrs.id!)
            return waiting(node)
          }
          deps.onNode(connection, node)
        })
        .catch(fail)
      return
    }
    const message = proto.HandshakeMessage.decode(bytes)
    if (stage === 'hello') {
      if (!message.clientHello?.ephemeral) throw new Error('no client hello')
      const serverHello = noise.hello(message.clientHello.ephemeral)
      ws.send(frame(proto.HandshakeMessage.encode({ serverHello }).finish()))
      stage = 'finish'
      return
    }
    const finish = message.clientFinish
    if (!finish?.static || !finish.payload) throw new Error('no client finish')
    const done = noise.finish({ static: finish.static, payload: finish.payload })
    seal = done.seal
    unseal = done.open
    stage = 'open'
    frames.trust()
    deps.onLogin(connection, { payload: proto.ClientPayload.decode(done.payload), noisePublic: done.noisePublic })
  }

  ws.on('message', (data: Buffer) => {
    if (deaf) return
    try {
      for (const bytes of frames.push(data)) receive(bytes)
    } catch (error) {
      fail(error)
    }
  })
  ws.on('error', fail)
  ws.on('close', () => {
    closed = true
    for (const settle of answers.values()) settle(new Error('connection closed'))
    answers.clear()
    deps.onClose(connection)
  })
  return connection
}
