import { expect, test } from 'vitest'
import { LeaseLost } from '../../../shared/store/auth-log.ts'
import { openCommitLog, type CommitLogOptions } from './commit-log.ts'
import { encodeMutations, unpackEncoded } from './mutations.ts'

/** A log that behaves: takes rows in order, fails when it is told to, answers when it is told to. */
function fakeLog(fail: (n: number, attempt: number) => Error | undefined = () => undefined) {
  const rows = new Map<number, string[]>()
  let attempts = 0
  const append: CommitLogOptions['store']['append'] = async (_session, n, _epoch, _key, body) => {
    attempts += 1
    const failure = fail(n, attempts)
    if (failure) throw failure
    rows.set(
      n,
      [...unpackEncoded(body).values()].map((entry) => `${entry.type}/${entry.id}=${entry.json}`),
    )
  }
  return { append, rows }
}
const open = (store: CommitLogOptions['store'], onLost = () => undefined as void) =>
  openCommitLog({ store, sessionId: 's', epoch: 1, nextN: 5, onLost, retryMs: { first: 1, longest: 2 } })
const put = (id: string, value: unknown) => encodeMutations({ session: { [id]: value } })

test('commits of one turn share a row, later values win, and numbers have no gap', async () => {
  const log = fakeLog()
  const commits = open(log)
  const first = [commits.commit(put('a', 1)), commits.commit(put('b', 1)), commits.commit(put('a', 2))]
  await Promise.all(first)
  await commits.commit(put('c', null))
  expect([...log.rows]).toEqual([
    [5, ['session/b=1', 'session/a=2']],
    [6, ['session/c=null']],
  ])
})

test('while MongoDB is away a commit waits and is not refused; its order is kept', async () => {
  const log = fakeLog((_n, attempt) => (attempt <= 4 ? new Error('away') : undefined))
  const commits = open(log)
  await Promise.all([commits.commit(put('a', 1)), commits.commit(put('b', 2))])
  expect([...log.rows.keys()]).toEqual([5])
})

test('a fence ends it: the socket is closed first, then everything that waits is refused', async () => {
  const order: string[] = []
  const commits = open(
    fakeLog(() => new LeaseLost('s')),
    () => void order.push('closed'),
  )
  await Promise.all([
    commits.commit(put('a', 1)).catch(() => order.push('refused')),
    commits.durable().catch(() => order.push('refused')),
  ])
  expect(order).toEqual(['closed', 'refused', 'refused'])
  expect(commits.lost).toBe(true)
  await expect(commits.commit(put('b', 1))).rejects.toBeInstanceOf(LeaseLost)
})

test('durable() waits for what is under way and not for what comes later', async () => {
  const gates: (() => void)[] = []
  const commits = open({ append: () => new Promise<void>((resolve) => gates.push(resolve)) })
  const opened = () => new Promise<void>((resolve) => setImmediate(resolve))
  void commits.commit(put('a', 1))
  while (gates.length < 1) await opened()
  let durable = false
  const waiting = commits.durable().then(() => (durable = true))
  void commits.commit(put('b', 1))
  gates[0]?.()
  await waiting
  expect(durable).toBe(true)
  while (gates.length < 2) await opened()
  gates[1]?.()
  await commits.close()
})

test('what could not be folded is folded later, under what changed since', async () => {
  const commits = open(fakeLog())
  await commits.commit(encodeMutations({ session: { a: 'old', b: 'old' } }))
  const { encoded, upTo } = commits.takeFoldable()
  expect(upTo).toBe(5)
  await commits.commit(put('a', 'new'))
  commits.returnFoldable(encoded)
  const again = commits.takeFoldable()
  expect(Object.fromEntries([...again.encoded.values()].map((entry) => [entry.id, entry.json]))).toEqual({
    a: '"new"',
    b: '"old"',
  })
  expect(again.upTo).toBe(6)
})

test('what is committed lazily goes along with the next commit, or by itself a moment later, and is waited for by durable()', async () => {
  const log = fakeLog()
  const commits = open(log)
  commits.commitLazily(put('a', 1))
  await commits.commit(put('b', 2))
  expect([...log.rows]).toEqual([[5, ['session/a=1', 'session/b=2']]])
  commits.commitLazily(put('c', 3))
  await commits.durable()
  expect([...log.rows.keys()]).toEqual([5, 6])
  const alone = openCommitLog({ store: log, sessionId: 's', epoch: 1, nextN: 7, onLost: () => undefined, lazyMs: 1 })
  const written = new Promise<void>((resolve) => {
    const { append } = log
    log.append = async (...row) => (await append(...row), resolve())
  })
  alone.commitLazily(put('d', 4))
  await written
  alone.commitLazily(put('e', 5))
  await alone.close()
  expect([...log.rows.keys()]).toEqual([5, 6, 7, 8])
})

test('what waits goes into rows that MongoDB takes, in order, and no commit is torn apart', async () => {
  const log = fakeLog()
  const commits = open(log)
  const half = 'x'.repeat(2_500_000)
  await Promise.all([
    commits.commit(put('first', half)),
    commits.commit(encodeMutations({ session: { second: half }, journal: { second: half } })),
    commits.commit(put('third', 'small')),
  ])
  const names = [...log.rows.values()].map((row) => row.map((entry) => entry.split('=')[0]))
  expect(names).toEqual([['session/first'], ['session/second', 'journal/second'], ['session/third']])
})
