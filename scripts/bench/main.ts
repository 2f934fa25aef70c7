// `npm run bench -- [--quick] [--only <word>] [--json FILE]`: figures as ratios, both sides in one run, in turn; a table, and a
// file for machines. Exits 0 also when a goal is not reached: the table says so.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { Figure, Sample } from './figure.ts'
import { inbound, inboundOne } from './figures/inbound.ts'
import { outbound, outboundOne } from './figures/outbound.ts'
import { median } from './samples.ts'

const figures: Figure[] = [inbound, inboundOne, outbound, outboundOne]

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, json: { type: 'string' } },
})
const require = createRequire(import.meta.url)
const versionOf = (name: string) => (require(`${name}/package.json`) as { version: string }).version
const progress = (line: string) => void process.stderr.write(`${line}\n`)

type Row = { name: string; ratio: number; goal: Figure['goal']; reached: boolean | 'reported'; samples: Sample[] }

function judge(figure: Figure, samples: Sample[]): Row {
  const ratio = median(samples.map(({ ours, theirs }) => ours / theirs))
  const { goal } = figure
  const reached = goal === 'reported' ? 'reported' : 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost
  return { name: figure.name, ratio, goal, reached, samples }
}

function toLine({ name, ratio, goal, reached, samples }: Row): string {
  const ratios = samples.map(({ ours, theirs }) => ours / theirs)
  const side = (of: 'ours' | 'theirs') => Number(median(samples.map((sample) => sample[of])).toPrecision(3))
  const asked = goal === 'reported' ? '' : 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`
  const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`
  const verdict = reached === 'reported' ? '' : reached ? 'reached' : 'NOT reached'
  return `| ${name} | ${side('ours')} : ${side('theirs')} ${samples[0]?.unit ?? ''} | ${ratio.toFixed(2)} (${spread}) | ${asked} | ${verdict} |`
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
    rows.push(judge(figure, await figure.measure({ quick: values.quick, say: progress })))
  }
  const mongodb = process.env['MONGODB_URI'] ? 'uri' : 'embedded'
  const lines = [
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB; Node ${versions.node}, Baileys ${versions.baileys}; MongoDB: ${mongodb}`,
    '',
    '| figure | ours : theirs (medians) | ratio (spread) | goal | |',
    '|---|---|---|---|---|',
    ...rows.map(toLine),
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
