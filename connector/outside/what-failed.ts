// Why an address outside could not be reached, in one word that may be told to whoever named it.
export type OutsideFailure = 'address_forbidden' | 'dns' | 'timeout' | 'tls' | 'connection'

const dnsCodes = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ENODATA'])
const timeoutCodes = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

/** By the code of the error, undici's or Node's. */
export function whatFailed(error: unknown): OutsideFailure {
  const { code = '', name = '' } = (error ?? {}) as { code?: unknown; name?: string }
  if (code === 'ADDRESS_FORBIDDEN') return 'address_forbidden'
  if (name === 'TimeoutError') return 'timeout'
  if (typeof code !== 'string') return 'connection'
  if (dnsCodes.has(code)) return 'dns'
  if (timeoutCodes.has(code)) return 'timeout'
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_/.test(code)) return 'tls'
  return 'connection'
}
