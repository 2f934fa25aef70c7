import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, linkClient, memoryAuth, startClient } from './client.ts'
import { type SandboxProcess, startSandboxProcess } from './start-process.ts'

let sandbox: SandboxProcess
const clients: Client[] = []
const keep = (client: Client) => {
  clients.push(client)
  return client
}
const newPhone = async (name = 'Ana') => (await sandbox.door.post<{ phone: string }>('/phones', { name })).phone
const fresh = (auth = memoryAuth(), options = {}) => keep(startClient(sandbox.wsUrl, auth, options))

beforeAll(async () => {
  sandbox = await startSandboxProcess()
})
afterAll(async () => {
  for (const client of clients) client.stop()
  await sandbox.stop()
})

describe('linking', () => {
  it('links by QR, asks the client to come back with 515, and then knows it', async () => {
    const phone = await newPhone()
    const first = fresh()
    const device = await sandbox.door.post(`/phones/${phone}/scan`, { qr: await first.qr() })
    expect(device).toMatchObject({ device: 1, jid: `${phone}:1@s.whatsapp.net` })
    expect(await first.closed()).toEqual({ code: 515 })
    await fresh(first.auth).opened()
  })

  it('refuses a QR of a client that has gone, and one that is no QR', async () => {
    const phone = await newPhone()
    const client = fresh()
    const qr = await client.qr()
    client.stop()
    await client.closed()
    await expect(sandbox.door.post(`/phones/${phone}/scan`, { qr: qr.replace('#2@', '#2@AA') })).rejects.toMatchObject({
      problem: { code: 'qr.expired' },
    })
    await expect(sandbox.door.post(`/phones/${phone}/scan`, { qr: 'hello' })).rejects.toMatchObject({
      problem: { code: 'qr.malformed' },
    })
  })

  it('links by code after a wrong code was typed', async () => {
    const phone = await newPhone()
    const client = fresh()
    await client.qr()
    const code = await client.sock.requestPairingCode(phone)
    const type = (typed: string) => sandbox.door.post(`/phones/${phone}/pair`, { code: typed })
    await expect(type('AAAAAAAA')).rejects.toMatchObject({ problem: { code: 'code.wrong' } })
    await type(code)
    expect(await client.closed()).toEqual({ code: 515 })
    await fresh(client.auth).opened()
  })

  it('tells an unlinked client to rotate its QR, and refuses the one shown before', async () => {
    const phone = await newPhone()
    const client = fresh()
    const qr = await client.qr()
    await sandbox.door.post('/faults', { kind: 'qr-refresh', qr })
    await client.frames.until(
      (all) => all.find((node) => node.tag === 'notification' && node.attrs.type === 'companion_reg_refresh'),
      'the refresh notification',
    )
    await expect(sandbox.door.post(`/phones/${phone}/scan`, { qr })).rejects.toMatchObject({
      problem: { code: 'qr.stale' },
    })
    const secret = Buffer.alloc(32, 7).toString('base64')
    client.auth.creds.advSecretKey = secret
    const parts = qr.split(',')
    await sandbox.door.post(`/phones/${phone}/scan`, {
      qr: [...parts.slice(0, 3), secret, ...parts.slice(4)].join(','),
    })
    expect(await client.closed()).toEqual({ code: 515 })
  })

  it('logs a device out from the phone with 401, and lets it in no more', async () => {
    const phone = await newPhone()
    const client = keep(await linkClient(sandbox.door, phone))
    await sandbox.door.post(`/phones/${phone}/devices/1/logout`)
    expect(await client.closed()).toEqual({ code: 401 })
    expect(await fresh(client.auth).closed()).toEqual({ code: 401 })
    expect(await sandbox.door.get(`/phones/${phone}`)).toMatchObject({ devices: [] })
  })

  it('lets a client log itself out', async () => {
    const phone = await newPhone()
    const client = keep(await linkClient(sandbox.door, phone))
    await client.sock.logout()
    expect(await client.closed()).toEqual({ code: 401 })
    await expect(sandbox.door.post(`/phones/${phone}/devices/1/logout`)).rejects.toMatchObject({ status: 404 })
  })

  it('replaces the older of two sockets of one device with 440', async () => {
    const phone = await newPhone()
    const client = keep(await linkClient(sandbox.door, phone))
    const second = fresh(client.auth)
    expect(await client.closed()).toEqual({ code: 440 })
    await second.opened()
  })

  it('brings contacts, chats and messages with the first sync', async () => {
    const phone = await newPhone()
    const other = await newPhone('Beto')
    await sandbox.door.post('/history', {
      phone,
      contacts: [{ phone: other, name: 'Beto the old friend' }],
      chats: [{ phone: other, name: 'Beto the old friend', unread: 2 }],
      messages: [
        { chat: other, text: 'long ago', at: '2026-01-02T03:04:05Z' },
        { chat: other, fromMe: true, text: 'not so long ago', at: '2026-01-03T03:04:05Z' },
      ],
    })
    const { lid } = await sandbox.door.get<{ lid: string }>(`/phones/${other}`)
    const first = fresh()
    await sandbox.door.post(`/phones/${phone}/scan`, { qr: await first.qr() })
    await first.closed()
    const client = fresh(first.auth)
    const texts = new Set<string>()
    const chats = new Map<string, string>()
    await new Promise<void>((resolve) => {
      client.sock.ev.on('messaging-history.set', (chunk) => {
        for (const chat of chunk.chats) if (chat.id) chats.set(chat.id, chat.name ?? '')
        for (const { message } of chunk.messages) if (message?.conversation) texts.add(message.conversation)
        if (chunk.progress === 100) resolve()
      })
    })
    expect([...texts].sort()).toEqual(['long ago', 'not so long ago'])
    expect(chats.get(lid)).toBe('Beto the old friend')
    expect(await client.sock.signalRepository.lidMapping.getPNForLID(lid)).toBe(`${other}:0@s.whatsapp.net`)
    expect(client.auth.creds.me?.name).toBe('Ana')
  })
})
