// The way out to addresses that others named. The address that is checked is the address that is connected to: the
// check stands in the lookup of the connection itself, so that DNS cannot change between check and use.
import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { findUrlFault, isForbiddenAddress, type OutsideRules } from '../../shared/model/outside-url.ts'

/** The address may not be called. Thrown before a byte has gone out. */
export class AddressForbidden extends Error {
  override readonly name = 'AddressForbidden'
  readonly code = 'ADDRESS_FORBIDDEN'
}

export type Resolve = (
  hostname: string,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void

export type OutsideOptions = OutsideRules & {
  /** How names become addresses. Default: the system's. */
  resolve?: Resolve
  /** Longest time for a connection to stand, TLS included, ms. Default 10000. */
  connectMs?: number
}

export type Outside = {
  /** For undici's `request`; never follows a redirect by itself, connects to allowed addresses only. */
  dispatcher: Agent
  /** Throws AddressForbidden for an address that must not even be tried. */
  vet(url: string): void
  close(): Promise<void>
}

const systemResolve: Resolve = (hostname, callback) => dnsLookup(hostname, { all: true }, callback)

export function openOutside(options: OutsideOptions): Outside {
  const connect = buildConnector({
    timeout: options.connectMs ?? 10_000,
    lookup: options.allowPrivate && !options.resolve ? dnsLookup : vettedLookup(options),
  })
  const dispatcher = new Agent({
    connect(target, callback) {
      // A literal address is never looked up.
      const host = target.hostname.replace(/^\[|\]$/g, '')
      if (!options.allowPrivate && isIP(host) !== 0 && isForbiddenAddress(host))
        return callback(new AddressForbidden(`${host} is not a public address`), null)
      connect(target, callback)
    },
  })
  return {
    dispatcher,
    vet(url) {
      const fault = findUrlFault(url, options)
      if (fault !== undefined) throw new AddressForbidden(`The address ${fault}`)
    },
    // What is still under way has had its time; it is not waited for.
    close: () => dispatcher.destroy(),
  }
}

/** One forbidden answer forbids the name: who answers with a private address among public ones is up to something. */
export function vettedLookup({ allowPrivate, resolve = systemResolve }: OutsideOptions): LookupFunction {
  return (hostname, asked, callback) => {
    resolve(hostname, (error, found) => {
      if (error) return callback(error, '')
      const bad = found.find(({ address }) => !allowPrivate && isForbiddenAddress(address))
      if (bad) return callback(new AddressForbidden(`${hostname} leads to an address that is not public`), '')
      const [first] = found
      if (!first) return callback(Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' }), '')
      if (asked.all) return callback(null, found)
      callback(null, first.address, first.family)
    })
  }
}
