// WhatsApp's refusals of a message: its codes, and what they mean in words.

/** This account may not write to new contacts at the moment (rc14, Utils/decode-wa-message.js: SERVER_ERROR_CODES). */
export const outreachRefusal = '463'

/** What is told of a message that was refused with this code. */
export function toRefusal(code: string): { code: string; reason: string } {
  const known: Record<string, string> = {
    [outreachRefusal]: 'WhatsApp does not let this account write to new contacts at the moment',
    '479': 'WhatsApp refused the message as malformed',
  }
  return { code: `whatsapp.${code}`, reason: known[code] ?? `WhatsApp refused the message (${code})` }
}
