// What a person types in another terminal to let a pretend phone of the sandbox scan a QR, or type a code.

/** Made up when the sandbox has no phone yet. */
const firstPhone = '15555550001'

/** One `curl` line, or two when a phone has to be made first. Rejects when the sandbox does not answer. */
export async function toDoorLines(
  door: string,
  wish: { qr: string } | { phone: string; code: string },
): Promise<string> {
  const post = (path: string, body: object) =>
    `curl -s -XPOST ${door}${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`
  if ('code' in wish) return post(`/phones/${wish.phone}/pair`, { code: wish.code })
  const { data } = (await (await fetch(`${door}/phones`)).json()) as { data: { phone: string; devices: object[] }[] }
  // One that is not linked yet, if there is one.
  const phone = (data.find(({ devices }) => devices.length === 0) ?? data[0])?.phone
  const scan = (of: string) => post(`/phones/${of}/scan`, { qr: wish.qr })
  return phone === undefined
    ? `${post('/phones', { phone: firstPhone, name: 'Ana' })}\n${scan(firstPhone)}`
    : scan(phone)
}
