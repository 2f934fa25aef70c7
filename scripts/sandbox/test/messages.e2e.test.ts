import type { BinaryNode } from '@whiskeysockets/baileys'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, linkClient } from './client.ts'
import { type SandboxProcess, startSandboxProcess } from './start-process.ts'

type Row = { seq: number; messageId: string; text: string; kind: string; deliveries: number; targetId?: string }
type Sent = { messageId: string; receipts: { from: string; device: number; type: string }[] }
type Sending = { messageId: string; messageIds: string[] }

let sandbox: SandboxProcess
let ana: string
let beto: string
let client: Client
let second: Client

const jid = (phone: string) => `${phone}@s.whatsapp.net`
const send = (from: string, body: object) => sandbox.door.post<Sending>(`/phones/${from}/messages`, body)
const inbox = async (phone: string, atLeast: number, query = '') =>
  (await sandbox.door.get<{ data: Row[] }>(`/phones/${phone}/messages?atLeast=${atLeast}&wait=60${query}`)).data
const sent = async (phone: string, messageId: string) =>
  (await sandbox.door.get<{ data: Sent[] }>(`/phones/${phone}/sent?messageId=${messageId}`)).data[0]
const counters = async (phone: string) =>
  (await sandbox.door.get<{ counters: Record<string, number> }>(`/phones/${phone}`)).counters
const receipt = (on: Client, id: string, type: string | undefined) =>
  on.frames.until(
    (all) =>
      all.find(
        (node: BinaryNode) =>
          node.tag === 'receipt' &&
          node.attrs.type === type &&
          (node.attrs.id === id || JSON.stringify(node.content ?? '').includes(id)),
      ),
    `a ${type ?? 'delivered'} receipt for ${id}`,
  )

beforeAll(async () => {
  sandbox = await startSandboxProcess()
  ana = (await sandbox.door.post<{ phone: string }>('/phones', { name: 'Ana' })).phone
  beto = (await sandbox.door.post<{ phone: string }>('/phones', { name: 'Beto' })).phone
  client = await linkClient(sandbox.door, ana)
  second = await linkClient(sandbox.door, ana)
})
afterAll(async () => {
  client.stop()
  second.stop()
  await sandbox.stop()
})

describe('messages', () => {
  it('carries texts both ways at once, in order, each once', async () => {
    const [, ids] = await Promise.all([
      send(beto, { to: ana, text: 'in', count: 30 }),
      (async () => {
        const keys: string[] = []
        for (let i = 1; i <= 30; i++)
          keys.push((await client.sock.sendMessage(jid(beto), { text: `out ${i}` }))!.key.id!)
        return keys
      })(),
    ])
    const rows = await inbox(beto, 30, `&from=${ana}`)
    expect(rows.map(({ text }) => text)).toEqual(Array.from({ length: 30 }, (_, i) => `out ${i + 1}`))
    expect(rows.map(({ messageId }) => messageId)).toEqual(ids)
    expect(rows.every(({ deliveries }) => deliveries === 1)).toBe(true)
    const texts = await client.messages.until((all) => {
      const got = all.flatMap(({ message }) => (message?.conversation?.startsWith('in ') ? [message.conversation] : []))
      return got.length >= 30 ? got : undefined
    }, '30 texts')
    expect(texts).toHaveLength(30)
  })

  it('tells the sender that a text was delivered, read and played', async () => {
    const key = (await client.sock.sendMessage(jid(beto), { text: 'seen?' }))!.key
    await receipt(client, key.id!, undefined)
    await sandbox.door.post(`/phones/${beto}/read`, { from: ana })
    await receipt(client, key.id!, 'read')
    await sandbox.door.post(`/phones/${beto}/played`, { messageIds: [key.id] })
    await receipt(client, key.id!, 'played')
  })

  it('shows a message typed on the phone, or on one companion, to the others as from me', async () => {
    const { messageId } = await send(ana, { to: beto, text: 'typed on the phone' })
    for (const companion of [client, second]) {
      const message = await companion.messages.until((all) => all.find(({ key }) => key.id === messageId), 'own copy')
      expect(message).toMatchObject({ key: { fromMe: true }, message: { conversation: 'typed on the phone' } })
    }
    const key = (await client.sock.sendMessage(jid(beto), { text: 'typed on a companion' }))!.key
    await second.messages.until((all) => all.find((one) => one.key.id === key.id && one.key.fromMe), 'copy')
    const copies = await inbox(ana, 1, `&fromMe=true&messageId=${key.id}`)
    expect(copies).toMatchObject([{ text: 'typed on a companion', deliveries: 1 }])
  })

  it('records who received and read what a phone sent, and tells the own other devices', async () => {
    const { messageId } = await send(beto, { to: ana, text: 'read me' })
    const message = await client.messages.until((all) => all.find(({ key }) => key.id === messageId), 'text')
    await client.sock.readMessages([message.key])
    await receipt(second, messageId, 'read')
    const rows = await sandbox.door.get<{ data: Sent[] }>(
      `/phones/${beto}/sent?messageId=${messageId}&receipt=read&atLeast=1&wait=60`,
    )
    const types = rows.data[0]?.receipts.map(({ device, type }) => `${device} ${type}`)
    expect(types).toEqual(expect.arrayContaining(['0 delivered', '1 delivered', '2 delivered', '1 read']))
  })

  it('quotes, reacts, edits and revokes, from the phone', async () => {
    const first = (await client.sock.sendMessage(jid(beto), { text: 'question' }))!.key.id!
    await inbox(beto, 1, `&from=${ana}`)
    const quote = await send(beto, { to: ana, text: 'answer', quotedMessageId: first })
    const quoted = await client.messages.until((all) => all.find(({ key }) => key.id === quote.messageId), 'quote')
    expect(quoted.message?.extendedTextMessage?.contextInfo).toMatchObject({ stanzaId: first })
    const reaction = await send(beto, { to: ana, reaction: { messageId: first, emoji: '👍' } })
    const reacted = await client.messages.until(
      (all) => all.find(({ key }) => key.id === reaction.messageId),
      'reaction',
    )
    expect(reacted.message?.reactionMessage).toMatchObject({ text: '👍', key: { id: first, fromMe: true } })
    const edit = await send(beto, { to: ana, edit: { messageId: quote.messageId, text: 'better answer' } })
    const edited = await client.messages.until((all) => all.find(({ key }) => key.id === edit.messageId), 'edit')
    expect(edited.message?.protocolMessage?.editedMessage?.conversation).toBe('better answer')
    const revoke = await send(beto, { to: ana, revoke: { messageId: quote.messageId } })
    await client.messages.until((all) => all.find(({ key }) => key.id === revoke.messageId), 'revoke')
  })

  it('records what a client quotes, reacts to, edits and revokes', async () => {
    const { messageId } = await send(beto, { to: ana, text: 'original' })
    const message = await client.messages.until((all) => all.find(({ key }) => key.id === messageId), 'original')
    const own = (await client.sock.sendMessage(jid(beto), { text: 'mine' }, { quoted: message }))!.key
    await client.sock.sendMessage(jid(beto), { react: { text: '❤️', key: message.key } })
    await client.sock.sendMessage(jid(beto), { text: 'mine, corrected', edit: own })
    await client.sock.sendMessage(jid(beto), { delete: own })
    const [first] = await inbox(beto, 1, `&from=${ana}&messageId=${own.id}`)
    expect(await inbox(beto, 4, `&from=${ana}&after=${first!.seq - 1}`)).toMatchObject([
      { kind: 'text', text: 'mine', quotedMessageId: messageId },
      { kind: 'reaction', text: '❤️', targetId: messageId },
      { kind: 'edit', text: 'mine, corrected', targetId: own.id },
      { kind: 'revoke', targetId: own.id },
    ])
  })

  it('sends again, in a new session, what a client could not decrypt', async () => {
    const lid = (await sandbox.door.get<{ lid: string }>(`/phones/${beto}`)).lid.replace('@lid', '_1.0')
    await client.auth.keys.set({ session: { [lid]: null } })
    const { messageId } = await send(beto, { to: ana, text: 'lost and found' })
    await client.messages.until(
      (all) => all.find(({ key, message }) => key.id === messageId && message?.conversation === 'lost and found'),
      'the resend',
    )
    expect(await counters(beto)).toMatchObject({ retryReceiptsReceived: 1 })
    expect((await sent(beto, messageId))?.receipts.map(({ type }) => type)).toContain('retry')
  })

  it('asks a client again for what a phone could not decrypt, and counts it', async () => {
    const lid = (await sandbox.door.get<{ lid: string }>(`/phones/${beto}`)).lid.replace('@lid', '_1.0')
    const before = (await counters(beto)).failedDecryptions!
    const { [lid]: session } = await client.auth.keys.get('session', [lid])
    const spoiled = JSON.parse(JSON.stringify(session)) as {
      _sessions: Record<string, { _chains: Record<string, { chainType: number; chainKey: { key: string } }> }>
    }
    for (const one of Object.values(spoiled._sessions)) {
      for (const chain of Object.values(one._chains))
        if (chain.chainType === 1) chain.chainKey.key = Buffer.alloc(32, 1).toString('base64')
    }
    await client.auth.keys.set({ session: { [lid]: spoiled as never } })
    const key = (await client.sock.sendMessage(jid(beto), { text: 'once more' }))!.key
    await receipt(client, key.id!, 'retry')
    await receipt(client, key.id!, undefined)
    expect(await inbox(beto, 1, `&messageId=${key.id}`)).toMatchObject([{ text: 'once more', deliveries: 1 }])
    expect((await counters(beto)).failedDecryptions).toBe(before + 1)
  })

  it('shows typing and presence in both directions', async () => {
    await client.sock.presenceSubscribe(jid(beto))
    const seen = new Promise((resolve) => client.sock.ev.on('presence.update', resolve))
    await sandbox.door.post(`/phones/${beto}/presence`, { state: 'available' })
    await seen
    await sandbox.door.post(`/phones/${beto}/typing`, { to: ana, state: 'recording' })
    await client.frames.until((all) => all.find(({ tag }) => tag === 'chatstate'), 'typing')
    await client.sock.sendPresenceUpdate('composing', jid(beto))
    const { messageId } = await send(beto, { to: ana, text: 'stop typing' })
    await client.messages.until((all) => all.find(({ key }) => key.id === messageId), 'text')
    const shown = await sandbox.door.get<{ signals: { kind: string; from: string; state: string }[] }>(
      `/phones/${beto}`,
    )
    expect(shown.signals).toContainEqual(expect.objectContaining({ kind: 'typing', from: ana, state: 'composing' }))
  })

  it('finds numbers that exist and no others', async () => {
    const found = await client.sock.onWhatsApp(beto, '15550000001')
    expect(found).toEqual([{ jid: jid(beto), exists: true }])
  })
})
