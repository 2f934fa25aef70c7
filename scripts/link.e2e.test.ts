// `npm run link -- <id> --sandbox`: what it prints can be pasted, and links.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { testSecret } from './testing/mongo.ts'
import { openWorld, type World } from './testing/world.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
/** The words of a line, as a shell would take them. */
const wordsOf = (line: string) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')

/** `curl -s -XPOST <url> -H <header> -d <body>` without a curl. */
async function post([, , , url = '', , header = '', , body = '']: string[]): Promise<void> {
  const [name = '', value = ''] = header.split(': ')
  const answer = await fetch(url, { method: 'POST', headers: { [name]: value }, body })
  expect(answer.ok, await answer.text()).toBe(true)
}

let world: World
beforeEach(async () => {
  world = await openWorld()
  await world.startConnector()
})
afterEach(() => world.close())

/** Runs it, does what its curl lines say, and resolves with everything it printed. */
async function link(...args: string[]): Promise<{ code: number | null; lines: string[] }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/link.ts', ...args, '--sandbox'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      MONGODB_URI: inject('mongodbUri'),
      MONGODB_DB: world.dbName,
      SECRET_KEY: testSecret,
      SANDBOX_URL: world.sandbox.ready['sandbox'],
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const curls: Promise<unknown>[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    if (line.startsWith('curl -s -XPOST ')) curls.push(post(wordsOf(line)))
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  await Promise.all(curls)
  return { code, lines }
}

test('the QR comes with the line that lets a pretend phone scan it', async () => {
  const ana = await world.phone('Ana')
  const { code, lines } = await link('s')
  expect(lines.find((line) => line.startsWith('curl'))).toContain(`/phones/${ana.phone}/scan`)
  expect([code, lines.at(-1)]).toEqual([0, `linked: ${ana.phone}`])
})

test('a pairing code is shown with a dash, and its line works as it stands', async () => {
  const ana = await world.phone('Ana')
  const { code, lines } = await link('s', '--phone', ana.phone)
  expect(lines[0]).toMatch(/→ [A-Z0-9]{4}-[A-Z0-9]{4}$/)
  expect([code, lines.at(-1)]).toEqual([0, `linked: ${ana.phone}`])
})
