// A way out on which one host's name leads to another host. TLS is checked against the one that it leads to.
import type { WayOut } from './get-outside.ts'

/** `from` and `to`: `host` or `host:port`, reached over TLS. Everything else goes its own way. */
export function leadTo(way: WayOut, from: string, to: string): WayOut {
  const origin = `https://${from}`
  return way.compose(
    (dispatch) => (options, handler) =>
      dispatch(String(options.origin) === origin ? { ...options, origin: `https://${to}` } : options, handler),
  )
}
