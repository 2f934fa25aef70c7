// Every question that a client asks, by namespace. What is not played is answered with an empty result, which
// clients take for "nothing to tell"; what makes no sense, with an error.
import { type BinaryNode, S_WHATSAPP_NET } from '@whiskeysockets/baileys'
import type { Address } from '../records.ts'
import type { CodePairing } from '../linking/pair-by-code.ts'
import { unlinkDevice } from '../linking/unlink-device.ts'
import { activate } from '../server/admit.ts'
import type { Connection } from '../server/connection.ts'
import type { Exchange } from '../server/exchange.ts'
import { child, children, node } from '../server/nodes.ts'
import { answerBlocklist, answerPicture, answerStatus } from './account.ts'
import type { Answer } from './answer.ts'
import { answerAppState } from './app-state.ts'
import { answerChannels } from './channels.ts'
import { answerGroups } from './groups.ts'
import { answerKeys } from './keys.ts'
import { answerMex } from './mex.ts'
import { answerPrivacy } from './privacy.ts'
import { answerUsync } from './usync.ts'

export type IqDeps = { exchange: Exchange; codes: CodePairing; startHistory(address: Address): void }

const MAX_MEDIA_BYTES = 2_147_483_648
const BAD_REQUEST = 400
const FORBIDDEN = 401

/** After the answer; what fails costs this connection, and nothing else. */
const later = (deps: IqDeps, connection: Connection, work: () => void) =>
  setImmediate(() => {
    try {
      work()
    } catch (error) {
      deps.exchange.log.warn({ connection: connection.id, error: String(error) }, 'a connection was given up')
      connection.drop()
    }
  })

const answerLinked = (deps: IqDeps, connection: Connection, address: Address, iq: BinaryNode): Answer => {
  const { exchange } = deps
  switch (iq.attrs.xmlns) {
    case 'encrypt':
      return answerKeys(exchange, address, iq)
    case 'usync':
      return answerUsync(exchange, address, iq)
    case 'w:sync:app:state':
      return answerAppState(exchange, address, iq)
    case 'privacy':
      return answerPrivacy(exchange, address, iq)
    case 'w:g2':
      return answerGroups(exchange, address, iq)
    case 'newsletter':
      return answerChannels(exchange, address, iq)
    case 'w:mex':
      return answerMex(exchange, address, iq)
    case 'abt':
      return [node('props', { hash: 'sandbox', refresh: 86_400 }, [])]
    case 'blocklist':
      return answerBlocklist(exchange, address, iq)
    case 'w:m':
      return [
        node('media_conn', { auth: 'sandbox', ttl: 3600 }, [
          node('host', { hostname: exchange.media.place, maxContentLengthBytes: MAX_MEDIA_BYTES }),
        ]),
      ]
    case 'w:profile:picture':
      return answerPicture(exchange, address, iq)
    case 'status':
      return answerStatus(exchange, address, iq)
    case 'md': {
      const removed = child(iq, 'remove-companion-device')
      if (!removed) return []
      const target = exchange.directory.resolve(removed.attrs.jid) ?? address
      if (target.phone !== address.phone || target.device === 0) return FORBIDDEN
      // The answer must be out before the socket goes.
      later(deps, connection, () => unlinkDevice(exchange, target))
      return []
    }
    case 'passive':
      if (child(iq, 'active')) {
        later(deps, connection, () => activate(exchange, connection, () => deps.startHistory(address)))
      }
      return []
    default:
      return []
  }
}

export const answerIq = (deps: IqDeps, connection: Connection, iq: BinaryNode): void => {
  const { id, type, from } = iq.attrs
  if (!id || (type !== 'get' && type !== 'set')) return
  let answer: Answer
  if (connection.address) {
    answer = answerLinked(deps, connection, connection.address, iq)
  } else {
    const registration = children(iq, 'link_code_companion_reg')[0]
    const handled = registration ? deps.codes.receive(connection, registration) : []
    answer = handled === false ? BAD_REQUEST : handled
  }
  const attrs = { id, from: iq.attrs.to ?? S_WHATSAPP_NET, to: from }
  connection.send(
    typeof answer === 'number'
      ? node('iq', { ...attrs, type: 'error' }, [node('error', { code: answer, text: 'refused' })])
      : node('iq', { ...attrs, type: 'result' }, answer),
  )
}
