// The id a message will have on WhatsApp, chosen before it is sent, so that its echo is recognised.

/** WhatsApp Web's own form: `3EB0` and 18 upper-case hex digits (Baileys 7.0.0-rc14, generateMessageIDV2; random here). */
export function createMessageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9))
  return `3EB0${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')}`
}
