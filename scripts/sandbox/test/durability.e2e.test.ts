import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Client, linkClient, startClient } from './client.ts'
import { type SandboxProcess, startSandboxProcess } from './start-process.ts'

type Row = { seq: number; messageId: string; text: string; deliveries: number }

let sandbox: SandboxProcess
let ana: string
let beto: string
let client: Client

const jid = (phone: string) => `${phone}@s.whatsapp.net`
const counters = async (phone: string) =>
  (await sandbox.door.get<{ counters: Record<string, number> }>(`/phones/${phone}`)).counters

beforeAll(async () => {
  sandbox = await startSandboxProcess()
  ana = (await sandbox.door.post<{ phone: string }>('/phones', { name: 'Ana' })).phone
  beto = (await sandbox.door.post<{ phone: string }>('/phones', { name: 'Beto' })).phone
  client = await linkClient(sandbox.door, ana)
})
afterAll(async () => {
  client.stop()
  await sandbox.stop()
})

describe('durability', () => {
  it('survives a kill: links, sessions, queues and inboxes go on as if nothing had happened', async () => {
    await client.sock.sendMessage(jid(beto), { text: 'before' })
    await sandbox.door.get(`/phones/${beto}/messages?atLeast=1&wait=60`)
    client.stop()
    await client.closed()
    await sandbox.door.post(`/phones/${beto}/messages`, { to: ana, text: 'waiting', count: 5 })
    await sandbox.kill()
    await sandbox.restart()
    client = startClient(sandbox.wsUrl, client.auth)
    await client.opened()
    expect(await client.texts(5)).toEqual([1, 2, 3, 4, 5].map((i) => `waiting ${i}`))
    await client.sock.sendMessage(jid(beto), { text: 'after' })
    const { data } = await sandbox.door.get<{ data: Row[] }>(`/phones/${beto}/messages?atLeast=2&wait=60`)
    expect(data.map(({ text }) => text)).toEqual(['before', 'after'])
    expect(await counters(beto)).toEqual({ failedDecryptions: 0, retryReceiptsReceived: 0, duplicates: 0, nacks487: 0 })
  })

  it('loses nothing that it acknowledged when it is killed in a burst', async () => {
    const acked = new Set<string>()
    const earlier = await sandbox.door.get<{ data: Row[] }>(`/phones/${beto}/messages`)
    const last = earlier.data.at(-1)
    client.sock.ws.on('CB:ack,class:message', (node: { attrs: { id: string } }) => acked.add(node.attrs.id))
    const sending = (async () => {
      for (let i = 1; i <= 60; i++) await client.sock.sendMessage(jid(beto), { text: `rush ${i}` })
    })().catch(() => undefined)
    await client.frames.until(
      (all) => (all.filter(({ tag }) => tag === 'ack').length >= 20 ? true : undefined),
      '20 acks',
    )
    await sandbox.kill()
    await sending
    await sandbox.restart()
    const { data } = await sandbox.door.get<{ data: Row[] }>(
      `/phones/${beto}/messages?after=${last!.seq}&atLeast=${acked.size}&wait=60`,
    )
    const stored = new Set(data.map(({ messageId }) => messageId))
    expect([...acked].filter((id) => !stored.has(id))).toEqual([])
    expect(data.every(({ deliveries }) => deliveries === 1)).toBe(true)
  })

  it('closes a socket that sends garbage, and nothing else', async () => {
    const closed = async (bytes: Buffer) => {
      const ws = new WebSocket(sandbox.wsUrl)
      await once(ws, 'open')
      ws.on('error', () => undefined)
      ws.send(bytes)
      await once(ws, 'close')
    }
    await closed(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await closed(Buffer.concat([Buffer.from([0x57, 0x41, 6, 3, 0, 0, 4]), Buffer.alloc(4, 0xff)]))
    await closed(Buffer.concat([Buffer.from([0x57, 0x41, 6, 3, 0xff, 0xff, 0xff]), Buffer.alloc(100)]))
    const raw = connect(Number(new URL(sandbox.url).port), '127.0.0.1')
    raw.on('error', () => undefined)
    raw.end('\0\0\0\0not http\r\n\r\n')
    await once(raw.resume(), 'close')
    expect(await sandbox.door.get('/')).toMatchObject({ wsUrl: sandbox.wsUrl })
  })

  it('answers bad input at the door with a problem that names the fault', async () => {
    const refused = (path: string, body?: unknown) =>
      expect(body === undefined ? sandbox.door.get(path) : sandbox.door.post(path, body)).rejects
    await refused('/phones/15550009999').toMatchObject({ status: 404, problem: { code: 'phone.not_found' } })
    await refused('/nowhere').toMatchObject({ status: 404 })
    await refused('/phones', { phone: 'abc' }).toMatchObject({ status: 422, problem: { errors: [{ path: 'phone' }] } })
    await refused('/phones', { colour: 'red' }).toMatchObject({
      status: 422,
      problem: { errors: [{ path: 'colour' }] },
    })
    await refused('/phones', { phone: ana }).toMatchObject({ status: 409, problem: { code: 'phone.exists' } })
    await refused(`/phones/${ana}/messages`, { to: '15550009999', text: 'x' }).toMatchObject({ status: 404 })
    await refused(`/phones/${ana}/messages`, { to: beto }).toMatchObject({ status: 422 })
    await refused(`/phones/${ana}/messages`, { to: beto, edit: { messageId: 'NO', text: 'x' } }).toMatchObject({
      status: 404,
    })
    await refused('/faults', { kind: 'earthquake' }).toMatchObject({
      status: 422,
      problem: { errors: [{ path: 'kind' }] },
    })
    await refused('/faults', { kind: 'drop', times: 0 }).toMatchObject({ status: 422 })
    await refused(`/phones/${ana}/messages?limit=-1`).toMatchObject({ status: 422 })
    const broken = await fetch(`${sandbox.url}/phones`, { method: 'POST', body: '{"phone"' })
    expect([broken.status, broken.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
  })

  it('ends when the process that started it goes away', async () => {
    await sandbox.disconnect()
    await sandbox.restart()
    expect(await sandbox.door.get('/')).toMatchObject({ phones: expect.arrayContaining([ana, beto]) as string[] })
  })
})
