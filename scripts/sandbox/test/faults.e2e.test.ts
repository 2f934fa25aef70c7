import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { BinaryNode } from '@whiskeysockets/baileys'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Client, linkClient, startClient } from './client.ts'
import { type SandboxProcess, startSandboxProcess } from './start-process.ts'

type Row = { messageId: string; text: string }

let sandbox: SandboxProcess
let ana: string
let beto: string
let client: Client

const jid = (phone: string) => `${phone}@s.whatsapp.net`
const fault = (body: object) => sandbox.door.post<{ fired: number }>('/faults', body)
const texts = (all: Client['messages']['items'], prefix: string) =>
  all.flatMap(({ message }) => (message?.conversation?.startsWith(prefix) ? [message.conversation] : []))
const reconnect = async () => {
  client = startClient(sandbox.wsUrl, client.auth)
  await client.opened()
}

beforeAll(async () => {
  sandbox = await startSandboxProcess()
  ana = (await sandbox.door.post<{ phone: string }>('/phones', { name: 'Ana' })).phone
  beto = (await sandbox.door.post<{ phone: string }>('/phones', { name: 'Beto' })).phone
  client = await linkClient(sandbox.door, ana)
})
afterEach(() => sandbox.door.del('/faults'))
afterAll(async () => {
  client.stop()
  await sandbox.stop()
})

describe('faults', () => {
  it.each([
    ['drop', 428],
    ['stream-503', 503],
    ['replaced', 440],
  ])('%s ends the connection with %i, and the next one works', async (kind, code) => {
    expect(await fault({ kind, phone: ana })).toMatchObject({ fired: 1 })
    expect(await client.closed()).toEqual({ code })
    await reconnect()
  })

  it('drops in the middle of a burst, and keeps the rest for the next login', async () => {
    await fault({ kind: 'drop', phone: ana, after: 10 })
    await sandbox.door.post(`/phones/${beto}/messages`, { to: ana, text: 'burst', count: 40 })
    await client.closed()
    const before = new Set(texts(client.messages.items, 'burst'))
    expect(before.size).toBeLessThanOrEqual(10)
    await reconnect()
    await client.messages.until((all) => texts(all, 'burst').includes('burst 40') || undefined, 'the last of the burst')
    const queue = await client.frames.until(
      (all) => all.find(({ content }) => Array.isArray(content) && content[0]?.tag === 'offline'),
      'the end of the offline queue',
    )
    expect(Number((queue.content as BinaryNode[])[0]!.attrs.count)).toBeGreaterThanOrEqual(30)
  })

  it('hands over what was sent meanwhile, marked as offline', async () => {
    client.stop()
    await client.closed()
    await sandbox.door.post(`/phones/${beto}/messages`, { to: ana, text: 'while away', count: 3 })
    const { devices } = await sandbox.door.get<{ devices: { queued: number; online: boolean }[] }>(`/phones/${ana}`)
    expect(devices[0]).toMatchObject({ online: false, queued: 3 })
    await reconnect()
    expect(
      await client.messages.until(
        (all) => (texts(all, 'while away').length === 3 ? texts(all, 'while away') : undefined),
        '3 texts',
      ),
    ).toEqual(['while away 1', 'while away 2', 'while away 3'])
    expect(client.frames.items.filter((node) => node.tag === 'message').map((node) => node.attrs.offline)).toEqual([
      '1',
      '2',
      '3',
    ])
  })

  it('leaves a half-open connection without a word, until the next login', async () => {
    await fault({ kind: 'half-open', phone: ana })
    const { messageId } = await sandbox.door.post<Row>(`/phones/${beto}/messages`, { to: ana, text: 'into the void' })
    const next = startClient(sandbox.wsUrl, client.auth)
    await next.opened()
    await next.messages.until((all) => all.find(({ key }) => key.id === messageId), 'the text')
    expect(client.messages.items.some(({ key }) => key.id === messageId)).toBe(false)
    client.stop()
    client = next
  })

  it('answers the next upgrade with 503', async () => {
    await fault({ kind: 'http-503' })
    const ws = new WebSocket(sandbox.wsUrl)
    const [, response] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage]
    expect(response.statusCode).toBe(503)
    response.resume()
    await expect(fault({ kind: 'http-503', phone: ana })).rejects.toMatchObject({
      problem: { code: 'fault.too_early' },
    })
  })

  it('nacks a message with the code it was given', async () => {
    await fault({ kind: 'nack', phone: ana, code: 463 })
    const key = (await client.sock.sendMessage(jid(beto), { text: 'not allowed' }))!.key
    const ack = await client.frames.until(
      (all) => all.find((node) => node.tag === 'ack' && node.attrs.id === key.id),
      'the ack',
    )
    expect(ack.attrs.error).toBe('463')
  })

  it('tells of a lock on writing to new contacts, by itself and when it is asked', async () => {
    const lock = (body: object) => sandbox.door.put(`/phones/${ana}/outreach-lock`, body)
    expect(await client.sock.fetchAccountReachoutTimelock()).toMatchObject({ isActive: false })
    await lock({ active: true, seconds: 3_600, notify: false })
    const answer = await client.sock.fetchAccountReachoutTimelock()
    expect(answer.isActive).toBe(true)
    expect(Math.abs((answer.timeEnforcementEnds?.getTime() ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000)
    const seen = client.updates.items.length
    await lock({ active: false })
    await client.updates.until(
      (all) => all.slice(seen).find(({ reachoutTimeLock }) => reachoutTimeLock?.isActive === false),
      'the notification',
    )
    await expect(lock({ active: 'yes' })).rejects.toMatchObject({ status: 422 })
  })

  it('skips the end of the offline queue once', async () => {
    await fault({ kind: 'no-offline', phone: ana })
    client.stop()
    await client.closed()
    await reconnect()
    const { messageId } = await sandbox.door.post<Row>(`/phones/${beto}/messages`, { to: ana, text: 'after all' })
    await client.frames.until((all) => all.find(({ attrs }) => attrs?.id === messageId), 'the text')
    expect(client.frames.items.some(({ content }) => Array.isArray(content) && content[0]?.tag === 'offline')).toBe(
      false,
    )
    client.stop()
    await client.closed()
    await reconnect()
  })

  it('delays everything to a device, in order', async () => {
    await fault({ kind: 'delay', phone: ana, ms: 300 })
    const started = Date.now()
    await sandbox.door.post(`/phones/${beto}/messages`, { to: ana, text: 'slow', count: 3 })
    const got = await client.messages.until(
      (all) => (texts(all, 'slow').length === 3 ? texts(all, 'slow') : undefined),
      '3 texts',
    )
    expect(got).toEqual(['slow 1', 'slow 2', 'slow 3'])
    expect(Date.now() - started).toBeGreaterThanOrEqual(300)
    // What is sent when the delay is over still waits behind what it held.
    await sandbox.door.post(`/phones/${beto}/messages`, { to: ana, text: 'end held', count: 10 })
    await sandbox.door.del('/faults')
    await sandbox.door.post(`/phones/${beto}/messages`, { to: ana, text: 'end after', count: 10 })
    const all = await client.messages.until(
      (rows) => (texts(rows, 'end ').length === 20 ? texts(rows, 'end ') : undefined),
      '20 texts',
    )
    const ten = (text: string) => Array.from({ length: 10 }, (_, i) => `${text} ${i + 1}`)
    expect(all).toEqual([...ten('end held'), ...ten('end after')])
  })
})
