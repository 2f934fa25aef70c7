// An address as callers write it: a phone number in international form or a jid. A malformed one says why.
import { parseAddress, phoneOf } from '../../shared/model/jid.ts'
import { Problem } from '../../shared/model/problem.ts'

/** A bare jid. Throws `request.invalid` with the reason at `path`. */
export function toJid(text: string, path: string): string {
  const address = parseAddress(text)
  if ('fault' in address) throw new Problem('request.invalid', { errors: [{ path, message: address.fault }] })
  return address.jid
}

/** The digits of a phone number. Throws `request.invalid`. */
export function toPhone(text: string, path: string): string {
  const phone = phoneOf(toJid(text, path))
  if (phone === undefined)
    throw new Problem('request.invalid', {
      errors: [{ path, message: 'must be a phone number in international form' }],
    })
  return phone
}
