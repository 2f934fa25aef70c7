import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, linkClient, startClient } from './client.ts'
import { type SandboxProcess, startSandboxProcess } from './start-process.ts'

type Row = { messageId: string; text: string; from: string; deliveries: number }
type Shown = { lid: string; counters: Record<string, number>; devices: { queued: number }[] }

let sandbox: SandboxProcess
const clients: Client[] = []
const keep = (client: Client) => {
  clients.push(client)
  return client
}
const jid = (phone: string) => `${phone}@s.whatsapp.net`
const newPhone = async (name: string) => (await sandbox.door.post<{ phone: string }>('/phones', { name })).phone
const show = (phone: string) => sandbox.door.get<Shown>(`/phones/${phone}`)
const send = (from: string, body: object) => sandbox.door.post<Row>(`/phones/${from}/messages`, body)
const inbox = async (phone: string, query: string) =>
  (await sandbox.door.get<{ data: Row[] }>(`/phones/${phone}/messages?wait=60&${query}`)).data

beforeAll(async () => {
  sandbox = await startSandboxProcess()
})
afterAll(async () => {
  for (const client of clients) client.stop()
  await sandbox.stop()
})

describe('redelivery', () => {
  it('delivers again what a client decrypted and never confirmed, and counts its nack 487', async () => {
    const [ana, beto] = [await newPhone('Ana'), await newPhone('Beto')]
    const client = keep(await linkClient(sandbox.door, ana))
    client.sock.ws.on('frame', (node: { tag?: string; attrs?: { notify?: string } }) => {
      // The line is cut after the message came in and before its receipt goes out.
      if (node.tag === 'message' && node.attrs?.notify === 'Beto') void client.sock.ws.close()
    })
    await send(beto, { to: ana, text: 'cut off' })
    await client.closed()
    expect((await show(ana)).devices[0]?.queued).toBeGreaterThanOrEqual(1)
    const next = keep(startClient(sandbox.wsUrl, client.auth))
    await next.frames.until(
      (all) => all.find(({ tag, attrs }) => tag === 'message' && attrs.offline) ?? undefined,
      'it again',
    )
    const marker = await send(beto, { to: ana, text: 'marker' })
    await next.messages.until((all) => all.find(({ key }) => key.id === marker.messageId), 'the marker')
    expect((await show(beto)).counters.nacks487).toBe(1)
    expect((await show(ana)).counters.nacks487).toBe(1)
  })

  it('tells who looked up a number, even if away at the time, that it has another device', async () => {
    const [ana, beto] = [await newPhone('Ana'), await newPhone('Beto')]
    const client = keep(await linkClient(sandbox.door, ana))
    await client.sock.sendMessage(jid(beto), { text: 'to one device' })
    client.stop()
    await client.closed()
    const other = keep(await linkClient(sandbox.door, beto))
    const next = keep(startClient(sandbox.wsUrl, client.auth))
    await next.frames.until(
      (all) =>
        all.find(({ tag, attrs }) => tag === 'notification' && attrs.type === 'devices' && attrs.from === jid(beto)),
      'the new device list',
    )
    const sent = await next.sock.sendMessage(jid(beto), { text: 'to two devices' })
    await other.messages.until((all) => all.find(({ key }) => key.id === sent!.key.id), 'the text at the new device')
  })

  it('carries texts between two clients, and shows them on both phones', async () => {
    const [ana, beto] = [await newPhone('Ana'), await newPhone('Beto')]
    const [a, b] = [keep(await linkClient(sandbox.door, ana)), keep(await linkClient(sandbox.door, beto))]
    const there = (await a.sock.sendMessage(jid(beto), { text: 'there' }))!.key.id!
    const message = await b.messages.until((all) => all.find(({ key }) => key.id === there), 'there')
    expect(message.key).toMatchObject({ remoteJid: jid(ana), remoteJidAlt: (await show(ana)).lid, fromMe: false })
    const back = (await b.sock.sendMessage(message.key.remoteJidAlt!, { text: 'and back' }))!.key.id!
    await a.messages.until((all) => all.find(({ key }) => key.id === back), 'and back')
    expect(await inbox(beto, `messageId=${there}&atLeast=1`)).toMatchObject([
      { text: 'there', from: ana, deliveries: 1 },
    ])
    expect(await inbox(beto, `messageId=${back}&atLeast=1&fromMe=true`)).toMatchObject([
      { text: 'and back', from: beto },
    ])
  })

  it('sends in either form of address, and between phones without any client', async () => {
    const [ana, beto] = [await newPhone('Ana'), await newPhone('Beto')]
    const { messageId } = await send(beto, { to: ana, text: 'phone to phone' })
    expect(await inbox(ana, `messageId=${messageId}&atLeast=1`)).toMatchObject([{ text: 'phone to phone', from: beto }])
    const client = keep(await linkClient(sandbox.door, ana))
    const { lid } = await show(beto)
    const byNumber = await send(beto, { to: ana, text: 'by number', addressing: 'pn' })
    const one = await client.messages.until((all) => all.find(({ key }) => key.id === byNumber.messageId), 'by number')
    expect(one.key).toMatchObject({ remoteJid: jid(beto), remoteJidAlt: lid })
    const byLid = await send(beto, { to: ana, text: 'by LID' })
    const two = await client.messages.until((all) => all.find(({ key }) => key.id === byLid.messageId), 'by LID')
    expect(two.key).toMatchObject({ remoteJid: lid, remoteJidAlt: jid(beto) })
  })
})
