// Addresses that others name and we call: public ones only, so that nobody reaches into our own network through us.
// This is the check of what is written; names are looked up, and their answers checked, where the connection is made.
import ipaddr from 'ipaddr.js'

export type OutsideRules = {
  /** Own networks and plain http are open (`ALLOW_PRIVATE_ADDRESSES`). Default of the setting: false. */
  allowPrivate: boolean
}

const longestUrl = 2_000
/** Names that stand for this machine or this network by definition (RFC 6761, RFC 6762, ICANN's `.internal`). */
const ownNames = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$/
/** Public by their range, but a cloud's own: Azure answers its machines there. */
const cloudAddresses = new Set(['168.63.129.16'])
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/** What is wrong with an address, as a sentence's end (`must …`); `undefined` when it may be called. */
export function findUrlFault(text: string, rules: OutsideRules): string | undefined {
  if (text.length > longestUrl) return `must have at most ${longestUrl} characters`
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'must be a URL'
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://'
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  if (url.hash !== '') return 'must not carry a fragment'
  if (rules.allowPrivate) return undefined
  if (url.protocol !== 'https:') return 'must begin with https://'
  return findHostFault(url)
}

/** The same for a proxy: plain HTTP, a name and a password if it asks for them, and nothing behind the port. */
export function findProxyFault(text: string, rules: OutsideRules): string | undefined {
  if (text.length > longestUrl) return `must have at most ${longestUrl} characters`
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'must be a URL'
  }
  if (url.protocol !== 'http:') return 'must begin with http://'
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'must end with its host and port'
  return rules.allowPrivate ? undefined : findHostFault(url)
}

function findHostFault(url: URL): string | undefined {
  // The parser has turned decimal, octal and hex hosts into dotted ones already.
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (ownNames.test(host)) return 'must not point into a private network'
  if (ipaddr.isValid(host)) return isForbiddenAddress(host) ? 'must not point into a private network' : undefined
  return host.includes('.') ? undefined : 'must have a full host name'
}

/**
 * True for everything that is not plainly public: private, loopback, link-local, multicast, unspecified, reserved, and
 * every IPv6 form that carries an IPv4 address (mapped, NAT64, 6to4, Teredo). What is no address is forbidden as well.
 */
export function isForbiddenAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || cloudAddresses.has(address)) return true
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return true
  return parsed instanceof ipaddr.IPv6 && !parsed.match(globalUnicast)
}
