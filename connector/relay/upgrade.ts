// The door of the relay: who may open a socket, and with what. Tickets are used once; a token never stands in a URL.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Authenticator } from '../../shared/auth/authenticate.ts'
import { readToken } from '../../shared/auth/read-token.ts'
import type { Actor } from '../../shared/model/api-key.ts'
import { Problem } from '../../shared/model/problem.ts'
import { isUnavailable } from '../../shared/store/client.ts'
import type { TicketStore } from '../../shared/store/tickets.ts'

export const subprotocol = 'wastream.v1'
const bearerPrefix = 'bearer.'

export type UpgradeDeps = { authenticator: Authenticator; tickets: TicketStore }

/** Throws a Problem. */
export async function authenticateUpgrade(request: IncomingMessage, url: URL, deps: UpgradeDeps): Promise<Actor> {
  const ticket = url.searchParams.get('ticket')
  if (ticket !== null) {
    const keyId = ticket.length <= 100 ? await deps.tickets.redeem(ticket) : undefined
    if (keyId === undefined) throw new Problem('ticket.invalid')
    // The key may have been revoked since the ticket was issued.
    return deps.authenticator.authenticateKey(keyId)
  }
  const offered = offeredProtocols(request)
  const fromProtocol = offered.find((one) => one.startsWith(bearerPrefix))?.slice(bearerPrefix.length)
  const token = fromProtocol ?? readToken((name) => headerOf(request, name))
  return deps.authenticator.authenticate(token, () => request.socket.remoteAddress ?? 'unknown')
}

export function offeredProtocols(request: IncomingMessage): string[] {
  return (headerOf(request, 'sec-websocket-protocol') ?? '').split(',').map((one) => one.trim())
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** Answers an upgrade that is refused, as a problem document. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const problem =
    error instanceof Problem ? error : new Problem(isUnavailable(error) ? 'store.unavailable' : 'internal.error')
  const body = JSON.stringify({
    type: 'about:blank',
    title: problem.title,
    status: problem.status,
    code: problem.code,
    retryable: problem.retryable,
  })
  const retry = problem.retryable ? `retry-after: ${problem.retryAfterSeconds ?? 2}\r\n` : ''
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: application/problem+json\r\n${retry}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
