// `npm run bench -- [--quick] [--only <word>] [--json FILE]`: figures as ratios, both sides in one run, in turn; a table, and a
// file for machines. Exits 0 also when a goal is not reached: the table says so.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { Figure } from './figure.ts'
import { accepted } from './figures/accepted.ts'
import { delay } from './figures/delay.ts'
import { fanout } from './figures/fanout.ts'
import { inbound, inboundOne } from './figures/inbound.ts'
import { memory } from './figures/memory.ts'
import { outbound, outboundOne } from './figures/outbound.ts'
import { chatsPage, historyPage } from './figures/pages.ts'
import { restart } from './figures/restart.ts'
import { takeover } from './figures/takeover.ts'
import { openStack, type Stack } from './stack.ts'
import { judge, toTable, type Row } from './table.ts'

const figures: Figure[] = [
  memory,
  inbound,
  inboundOne,
  outbound,
  outboundOne,
  accepted,
  restart,
  delay,
  fanout,
  historyPage,
  chatsPage,
  takeover,
]

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, json: { type: 'string' } },
})
const require = createRequire(import.meta.url)
const versionOf = (name: string) => (require(`${name}/package.json`) as { version: string }).version
const progress = (line: string) => void process.stderr.write(`${line}\n`)

let mongodb = ''
async function withStack<T>(use: (stack: Stack) => Promise<T>): Promise<T> {
  const stack = await openStack()
  mongodb = stack.mongodb
  try {
    return await use(stack)
  } finally {
    await stack.close()
  }
}

async function run(): Promise<void> {
  const wanted = figures.filter(({ name }) => values.only === undefined || name.includes(values.only))
  const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30) }
  const versions = {
    node: process.version,
    baileys: versionOf('@whiskeysockets/baileys'),
    mongodb: versionOf('mongodb'),
  }
  const rows: Row[] = []
  for (const figure of wanted) {
    progress(figure.name)
    rows.push(judge(figure, await figure.measure({ quick: values.quick, say: progress, withStack })))
  }
  const lines = [
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB; Node ${versions.node}, Baileys ${versions.baileys}; MongoDB: ${mongodb}`,
    '',
    ...toTable(rows, mongodb),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine, versions, mongodb, figures: rows }, null, 2)}\n`)
}

run().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exit(1)
  },
)
