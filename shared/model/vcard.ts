// Contact cards as WhatsApp's apps write and read them: vCard 3.0 (RFC 2426), `waid` naming the number on WhatsApp.
import type { ContactCard, ContactGiven } from './content.ts'

/** RFC 2426, 5: backslash, comma, semicolon and line breaks are escaped, so that a name stays one value. */
const escape = (text: string) => text.replace(/[\\,;]/g, (sign) => `\\${sign}`).replace(/\r\n|\r|\n/g, '\\n')

export function toVcard({ name, phones, organization }: ContactGiven): string {
  const lines = [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `N:;${escape(name)};;;`,
    `FN:${escape(name)}`,
    ...(organization === undefined ? [] : [`ORG:${escape(organization)}`]),
    ...phones.map((phone) => `TEL;type=CELL;waid=${phone}:+${phone}`),
    'END:VCARD',
  ]
  return lines.join('\n')
}

const most = 100
const longestName = 200

/** Reads only numbers; whatever else a stranger's card says is kept as it came. */
export function toContactCard(name: string | null | undefined, vcard: string): ContactCard {
  const phones = new Set<string>()
  for (const line of vcard.split(/\r\n|\r|\n/)) {
    const tel = /^(?:[A-Za-z0-9-]+\.)?TEL([^:]*):(.*)$/i.exec(line)
    if (!tel || phones.size >= most) continue
    const digits = /;waid=(\d{5,20})/i.exec(tel[1] ?? '')?.[1] ?? (tel[2] ?? '').replace(/\D/g, '')
    if (digits.length >= 5 && digits.length <= 20) phones.add(digits)
  }
  return { name: (name ?? '').slice(0, longestName), phones: [...phones], vcard }
}
