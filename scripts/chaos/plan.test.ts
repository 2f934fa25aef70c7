import { expect, test } from 'vitest'
import { createPlan, faultKinds } from './plan.ts'

const seeds = Array.from({ length: 40 }, (_, i) => i)

test('a seed always gives the same plan, another seed another one', () => {
  expect(createPlan(7, 40)).toEqual(createPlan(7, 40))
  expect(createPlan(7, 40).faults).not.toEqual(createPlan(8, 40).faults)
})

test('forty seeds hold every kind of fault, and faults that overlap', () => {
  const plans = seeds.map((seed) => createPlan(seed, 40))
  expect(new Set(plans.flatMap(({ faults }) => faults.map(({ kind }) => kind)))).toEqual(
    new Set(Object.keys(faultKinds)),
  )
  const overlap = plans.filter(({ faults }) =>
    faults.some((fault, i) => fault.atMs + fault.lastsMs > (faults[i + 1]?.atMs ?? Infinity)),
  )
  expect(overlap.length).toBeGreaterThan(30)
})

test('a plan is in order and begins inside its time', () => {
  for (const seed of seeds) {
    const times = createPlan(seed, 15).faults.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times.length).toBeGreaterThan(2)
    expect(Math.max(...times)).toBeLessThan(15_000)
  }
})
