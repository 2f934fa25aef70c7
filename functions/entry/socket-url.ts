// Where browsers open the socket, from the address of what serves it.

/** An address without a path gets the socket's; http becomes ws. */
export function toSocketUrl(address: string): string {
  const url = new URL(address)
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:'
  if (url.pathname === '/') url.pathname = '/v1/ws'
  return url.href
}
