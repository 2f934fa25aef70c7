// Prints what a sandbox costs: `node --import tsx scripts/sandbox/test/measure.ts --devices 300`. Sandbox and clients
// are processes of their own; the clients are real Baileys, all in this one.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Client, linkClient } from './client.ts'
import { startSandboxProcess } from './start-process.ts'

const { values } = parseArgs({
  options: { devices: { type: 'string', default: '50' }, messages: { type: 'string', default: '500' } },
})
const devices = Number(values.devices)
const messages = Number(values.messages)
/** Linux counts CPU time in hundredths of a second. */
const MS_PER_TICK = 10
/** Links under way at the same time. */
const LINKS_AT_ONCE = 3

const sandbox = await startSandboxProcess()
const { door } = sandbox
const rssMb = (): number =>
  Math.round(
    Number(
      execFileSync('ps', ['-o', 'rss=', '-p', String(sandbox.pid())])
        .toString()
        .trim(),
    ) / 1024,
  )
/** Milliseconds of CPU that the sandbox has used; it says more than time on a machine that others use too. */
const cpuMs = (): number => {
  const [user, system] = readFileSync(`/proc/${sandbox.pid()}/stat`, 'utf8').split(') ')[1]!.split(' ').slice(11, 13)
  return (Number(user) + Number(system)) * MS_PER_TICK
}
const print = (what: string, figure: number | string, unit: string) =>
  console.log(`${what.padEnd(44)} ${figure} ${unit}`)
const perSecond = (count: number, startedAt: number) => Math.round((count * 1000) / (performance.now() - startedAt))

print('RSS of the sandbox, empty', rssMb(), 'MB')
const phones: string[] = []
for (let i = 0; i < devices; i++) phones.push((await door.post<{ phone: string }>('/phones')).phone)
print(`RSS with ${devices} phones`, rssMb(), 'MB')

const linkMs: number[] = []
const clients = new Map<string, Client>()
const waiting = [...phones]
const linkAll = async () => {
  for (let phone = waiting.shift(); phone !== undefined; phone = waiting.shift()) {
    const startedAt = performance.now()
    clients.set(phone, await linkClient(door, phone))
    linkMs.push(performance.now() - startedAt)
  }
}
await Promise.all(Array.from({ length: LINKS_AT_ONCE }, linkAll))
linkMs.sort((a, b) => a - b)
print(
  `link by QR until open, median (${LINKS_AT_ONCE} at once)`,
  Math.round(linkMs[Math.floor(linkMs.length / 2)] ?? 0),
  'ms',
)
print(`RSS with ${devices} linked devices online`, rssMb(), 'MB')

const [ana, beto] = phones
if (ana !== undefined && beto !== undefined) {
  const client = clients.get(ana)!
  const to = `${beto}@s.whatsapp.net`
  const texts = (start: string) => (all: Client['messages']['items']) =>
    all.filter(({ message }) => message?.conversation?.startsWith(start)).length >= messages || undefined
  let startedAt = performance.now()
  let cpuAt = cpuMs()
  const cpuPerMessage = () => Math.round(((cpuMs() - cpuAt) / messages) * 10) / 10
  await door.post(`/phones/${beto}/messages`, { to: ana, text: 'in', count: messages })
  print(`phone sends ${messages}, for 3 devices each`, perSecond(messages, startedAt), 'messages/s')
  await client.messages.until(texts('in'), 'the burst', 120_000)
  print(`phone to client, ${messages}, until received`, perSecond(messages, startedAt), 'messages/s')
  print('CPU of the sandbox for that', cpuPerMessage(), 'ms/message')
  startedAt = performance.now()
  cpuAt = cpuMs()
  for (let i = 0; i < messages; i++) await client.sock.sendMessage(to, { text: `out ${i}` })
  await door.get(`/phones/${beto}/messages?from=${ana}&atLeast=${messages}&wait=120`)
  print(`client to phone, ${messages}, until decrypted`, perSecond(messages, startedAt), 'messages/s')
  print('CPU of the sandbox for that', cpuPerMessage(), 'ms/message')
  print('RSS after that', rssMb(), 'MB')
  print('counters of the receiving phone', JSON.stringify((await door.get(`/phones/${beto}`)).counters), '')
}
for (const client of clients.values()) client.stop()
await sandbox.stop()
process.exit(0)
