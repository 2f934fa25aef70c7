// Our own processes: killed with -9, stopped cleanly, frozen for longer than their lease.
import type { Program } from '../program.ts'
import type { Strike, Target } from './strike.ts'

const aimedAt = ({ site }: Target, target: number): Program => site.connectors[target % 2 === 0 ? 0 : 1]

export const strikeConnector =
  (how: 'kill' | 'restart'): Strike =>
  (target, fault) =>
    aimedAt(target, fault.target)[how](fault.lastsMs)

export const killBothConnectors: Strike = async ({ site }, { lastsMs }) => {
  const struck = await Promise.all(site.connectors.map((one) => one.kill(lastsMs)))
  return struck.some(Boolean)
}

export const freezeConnector: Strike = (target, fault) => aimedAt(target, fault.target).freeze(fault.lastsMs)

export const strikeApi =
  (how: 'kill' | 'restart'): Strike =>
  ({ site }, { lastsMs }) =>
    site.api[how](lastsMs)
