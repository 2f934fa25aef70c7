// Takeover after `kill -9`: until another connector holds every lease, against the time a lease lives.
import type { Figure, Options, Sample } from '../figure.ts'
import type { Stack } from '../stack.ts'

const sessions = 20
/** The default of LEASE_TTL_MS. */
const leaseTtlMs = 10_000
const slackMs = 2_000
const lookEveryMs = 20
const giveUpMs = 120_000
const env = { LEASE_TTL_MS: String(leaseTtlMs) }

async function epochsOf(stack: Stack, ids: readonly string[]): Promise<number[]> {
  const leases = await Promise.all(ids.map((id) => stack.store.leases.read(id)))
  return leases.map((lease) => lease?.epoch ?? 0)
}

async function untilTaken(stack: Stack, ids: readonly string[], before: readonly number[]): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < giveUpMs;) {
    const now = await epochsOf(stack, ids)
    if (now.every((epoch, i) => epoch > (before[i] ?? 0))) return
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
  throw new Error('not every lease was taken in time')
}

function measure({ quick, say, withStack }: Options): Promise<Sample[]> {
  return withStack(async (stack) => {
    let holder = await stack.startConnector(env)
    const ids = (await stack.link('take', sessions)).map(({ id }) => id)
    const samples: Sample[] = []
    // The killed one is new in every round, and so is who waits: nothing to warm up.
    for (let round = 0; round < (quick ? 2 : 5); round += 1) {
      const heir = await stack.startConnector(env)
      const before = await epochsOf(stack, ids)
      const connected = stack.untilConnected(ids)
      const killedAt = performance.now()
      holder.kill('SIGKILL')
      await untilTaken(stack, ids, before)
      const takenMs = performance.now() - killedAt
      await connected
      const connectedMs = performance.now() - killedAt
      samples.push({
        unit: 'ms',
        ours: takenMs,
        theirs: leaseTtlMs,
        also: { 'all connected, ms': [connectedMs, leaseTtlMs] },
      })
      say(`  taken after ${takenMs.toFixed(0)} ms, connected after ${connectedMs.toFixed(0)} ms`)
      holder = heir
    }
    return samples
  })
}

export const takeover: Figure = {
  name: 'takeover after kill -9, 20 leases taken',
  against: 'LEASE_TTL_MS (+ 2 s)',
  goal: { atMost: (leaseTtlMs + slackMs) / leaseTtlMs },
  measure,
}
