// From a connection's states to what people see: QR, pairing code, linked, open.
import QRCode from 'qrcode'
import { phoneOf, toBareJid } from '../../shared/model/jid.ts'
import type { Session } from '../../shared/model/session.ts'
import type { Connection, ConnectionState } from '../whatsapp/connection.ts'
import type { KeyStore } from '../whatsapp/keys/open-key-store.ts'
import type { Reporter } from './reporter.ts'
import type { SessionLog } from './session-log.ts'

/** How long the phone takes a pairing code (observed 2026-11: codes are refused after about three minutes). */
const pairingCodeMs = 160_000

export type StateReporting = {
  session: Session
  reporter: Reporter
  keyStore: KeyStore
  connection: () => Connection | undefined
  log: SessionLog
}

/** One per connection; states are handed to it one after another. */
export function createStateReport({ session, reporter, keyStore, connection, log }: StateReporting) {
  const wished = session.pairing
  const pairing = wished && (wished.expiresAt === undefined || wished.expiresAt > new Date()) ? wished : undefined
  let codeAsked = false

  async function askPairingCode(phone: string): Promise<void> {
    try {
      const code = await connection()?.requestPairingCode(phone)
      if (code === undefined) return
      const expiresAt = new Date(Date.now() + pairingCodeMs)
      log.info({ expiresAt }, 'a pairing code is ready')
      await reporter.report({
        status: 'pairing',
        qr: null,
        pairing: { phone, requestedAt: new Date(), code, expiresAt },
      })
      await reporter.announce('session.pairing_code', { phone, code, expiresAt })
    } catch (error) {
      log.warn({ err: error }, 'WhatsApp gave no pairing code')
      await reporter.report({ pairing: { phone, requestedAt: new Date(), error: 'WhatsApp gave no pairing code' } })
    }
  }

  return async (state: ConnectionState): Promise<void> => {
    switch (state.kind) {
      case 'qr': {
        if (pairing) {
          // A code is asked for once, and only after the first QR (Baileys 7.0.0-rc14).
          if (!codeAsked) await askPairingCode(pairing.phone)
          codeAsked = true
          return
        }
        const [png, svg] = await Promise.all([
          QRCode.toDataURL(state.code),
          QRCode.toString(state.code, { type: 'svg' }),
        ])
        const expiresAt = new Date(Date.now() + state.ttlMs)
        log.info({ expiresAt }, 'a QR code is ready')
        await reporter.report({
          status: 'qr_ready',
          qr: { code: state.code, png, svg, expiresAt },
          ...(wished ? { pairing: null } : {}),
        })
        return reporter.announce('session.qr', { qr: png, code: state.code, expiresAt })
      }
      case 'linked':
        await keyStore.log.durable()
        log.info({}, 'linked')
        return reporter.report({ status: 'pairing', linked: true, qr: null, pairing: null })
      case 'open': {
        const phone = phoneOf(state.me.id)
        const { lid, name } = state.me
        log.info(state.platform ? { platform: state.platform } : {}, 'connected')
        await reporter.report({
          status: 'connected',
          linked: true,
          qr: null,
          pairing: null,
          connectedAt: new Date(),
          lastActivity: new Date(),
          connectionAttempts: 0,
          ...(phone ? { phone } : {}),
          ...(lid ? { lid: toBareJid(lid) } : {}),
          ...(name && name !== '~' ? { pushName: name } : {}),
          ...(state.platform ? { platform: state.platform } : {}),
        })
        return reporter.announce('session.connected', { phone })
      }
      case 'closed':
        return undefined
    }
  }
}
