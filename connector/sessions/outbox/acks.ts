// Who waits for the server's word on which message.

/** `error` is WhatsApp's code. `timeout`: the server said nothing; `closed`: the connection went before it did. */
export type Ack = { error: string | undefined } | 'timeout' | 'closed'

export type Acks = {
  /** Ask before the message goes out: the ack can be faster than Baileys' own promise. */
  expect(messageId: string, closed: AbortSignal): Promise<Ack>
  /** Nothing happens when nobody waits. */
  acked(messageId: string, ack: Ack): void
}

export function createAcks(timeoutMs: number): Acks {
  const waiting = new Map<string, (ack: Ack) => void>()
  return {
    expect: (messageId, closed) =>
      new Promise((resolve) => {
        const end = (ack: Ack) => {
          clearTimeout(timer)
          closed.removeEventListener('abort', onClosed)
          waiting.delete(messageId)
          resolve(ack)
        }
        const onClosed = () => end('closed')
        const timer = setTimeout(() => end('timeout'), timeoutMs)
        closed.addEventListener('abort', onClosed, { once: true })
        if (closed.aborted) return onClosed()
        waiting.set(messageId, end)
      }),
    acked: (messageId, ack) => waiting.get(messageId)?.(ack),
  }
}
