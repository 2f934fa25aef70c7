// The first administrator's key, when several processes start at once on an empty database.
import { afterEach, expect, inject, test } from 'vitest'
import { startChild, type Child } from '../../scripts/testing/child.ts'
import { dropDb, freshDbName, testSecret } from '../../scripts/testing/mongo.ts'

const dbName = freshDbName()
const started: Child[] = []
afterEach(async () => {
  await Promise.all(started.map((one) => one.stop()))
  await dropDb(inject('mongodbUri'), dbName)
})

const keysIn = (text: string) => text.match(/wsk_[\w-]+/g) ?? []

test('four APIs started at once make one key: one of them prints it, and it opens every one', async () => {
  const env = { MONGODB_URI: inject('mongodbUri'), MONGODB_DB: dbName, SECRET_KEY: testSecret, PORT: '0' }
  started.push(
    ...(await Promise.all(Array.from({ length: 4 }, () => startChild('functions/entry/node.ts', { ...env })))),
  )
  const printed = started.flatMap((one) => keysIn(one.stdout()))
  expect(printed).toHaveLength(1)
  const answers = await Promise.all(
    started.map((one) =>
      fetch(`${one.ready['api']}/v1/api-keys`, { headers: { authorization: `Bearer ${printed[0]}` } }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  const pages = await Promise.all(answers.map((one) => one.json() as Promise<{ data: unknown[] }>))
  expect(pages.map(({ data }) => data.length)).toEqual([1, 1, 1, 1])
  expect(
    started.flatMap((one) => keysIn(one.stderr())),
    'never in the log',
  ).toEqual([])
})
