// The end of a link on our own wish: WhatsApp is told, and has been told when the socket ends.
import { DisconnectReason, S_WHATSAPP_NET, type WASocket } from '@whiskeysockets/baileys'

/** How long a goodbye may wait for the commits of what was sent before it. */
const goodbyeMs = 10_000

/**
 * Baileys' own logout ends the socket in the moment in which it hands over the goodbye, which may have to wait at the wire.
 * `passed` resolves when everything sent has left.
 */
export async function unlink(
  sock: Pick<WASocket, 'sendNode' | 'generateMessageTag' | 'end'>,
  jid: string | undefined,
  passed: () => Promise<void>,
): Promise<void> {
  if (jid !== undefined) {
    const farewell = { tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }
    const attrs = { to: S_WHATSAPP_NET, type: 'set', id: sock.generateMessageTag(), xmlns: 'md' }
    await sock.sendNode({ tag: 'iq', attrs, content: [farewell] })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => (timer = setTimeout(resolve, goodbyeMs)))
    await Promise.race([passed(), late])
    clearTimeout(timer)
  }
  const loggedOut = { output: { statusCode: DisconnectReason.loggedOut } }
  await sock.end(Object.assign(new Error('Intentional Logout'), loggedOut))
}
