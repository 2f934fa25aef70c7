// Two lists that should be the same: what is missing, what is there twice, what nobody sent, what is out of order.

export type Difference = { kind: 'lost' | 'doubled' | 'unknown' | 'out of order'; names: string[] }

export function compareSequence(
  expected: readonly string[],
  seen: readonly string[],
  order: 'in order' | 'any order' = 'in order',
): Difference[] {
  const differences: Difference[] = []
  const say = (kind: Difference['kind'], names: string[]) => {
    if (names.length > 0) differences.push({ kind, names })
  }
  const wanted = new Set(expected)
  const first = new Set<string>()
  const doubled: string[] = []
  for (const name of seen)
    if (first.has(name)) doubled.push(name)
    else first.add(name)

  say(
    'lost',
    expected.filter((name) => !first.has(name)),
  )
  say('doubled', doubled)
  say(
    'unknown',
    [...first].filter((name) => !wanted.has(name)),
  )
  if (order === 'any order') return differences
  const places = new Map(expected.map((name, i) => [name, i]))
  let furthest = -1
  const overtaken = [...first].filter((name) => {
    const place = places.get(name)
    if (place === undefined) return false
    const isLate = place < furthest
    furthest = Math.max(furthest, place)
    return isLate
  })
  say('out of order', overtaken)
  return differences
}
