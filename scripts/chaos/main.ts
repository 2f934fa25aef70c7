// `npm run test:chaos`: seed after seed, each a run of its own; the totals at the end. Exit 0 only if every promise held.
// `-- --seeds 20` that many · `-- --seed N` that one · `-- --seconds S` of flow in each · more in README.md.
import { parseArgs } from 'node:util'
import { addCounts, formatCounts, formatRun, type RunResult } from './report.ts'
import { runSeed } from './run-seed.ts'

const seedRange = 1_000_000

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    seed: { type: 'string' },
    seconds: { type: 'string', default: '35' },
    sessions: { type: 'string', default: '3' },
    contacts: { type: 'string', default: '3' },
    log: { type: 'string', default: 'info' },
  },
})
const whole = (name: string, text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number, not "${text}"`)
  return Number(text)
}
const size = { sessions: whole('sessions', values.sessions), contacts: whole('contacts', values.contacts) }
const seconds = whole('seconds', values.seconds)
const first = values.seed === undefined ? Math.floor(Math.random() * seedRange) : whole('seed', values.seed)
const count = values.seed === undefined ? whole('seeds', values.seeds) : 1

const results: RunResult[] = []
const notRun: number[] = []
console.log(`${count} ${count === 1 ? 'seed' : 'seeds'} from ${first} on, ${seconds} s of flow each`)
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const result = await runSeed({ seed, seconds, size, logLevel: values.log })
    results.push(result)
    console.log(formatRun(result))
  } catch (error) {
    // The others are worth running all the same.
    notRun.push(seed)
    console.log(`seed ${seed} could not be run: ${error instanceof Error ? error.message : String(error)}`)
  }
}
const violated = results.filter(({ violations }) => violations.length > 0)
console.log(`\ntotal of ${results.length} seeds: ${formatCounts(addCounts(results.map(({ counts }) => counts)))}`)
console.log(
  violated.length === 0
    ? 'every promise held in every seed that was run'
    : `promises were broken in ${violated.length} seeds: ${violated.map(({ seed }) => seed).join(', ')}`,
)
if (notRun.length > 0) console.log(`could not be run: ${notRun.join(', ')}`)
process.exit(violated.length === 0 && notRun.length === 0 ? 0 : 1)
