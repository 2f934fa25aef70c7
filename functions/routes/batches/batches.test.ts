import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../scripts/testing/api.ts'

let api: TestApi
let session: string
beforeAll(async () => {
  api = await openTestApi({ env: { MAX_QUEUED_PER_SESSION: '2000' } })
})
afterAll(() => api.close())
beforeEach(async () => {
  session = await api.createSession()
})

const number = (i: number) => `54911555${String(i).padStart(5, '0')}`
const numbers = (count: number) => Array.from({ length: count }, (_, i) => number(i))
const hello = { type: 'text', text: 'hello' }
const post = (body: object, headers: Record<string, string> = {}, id = session) =>
  api.call('POST', `/v1/sessions/${id}/messages/bulk`, { body, headers })
const read = (batchId: string) => api.call('GET', `/v1/sessions/${session}/batches/${batchId}`)
const recipients = (batchId: string, query = '') =>
  api.call('GET', `/v1/sessions/${session}/batches/${batchId}/recipients${query}`)
const waiting = () => api.store.commands.countQueued(session, 5_000)
const progress = async () =>
  (await api.store.events.read(session, 0, 1_000)).filter(({ type }) => type === 'batch.progress')

test('a thousand recipients are accepted at once, each as a command of its own, in the lane of its chat', async () => {
  await api.store.chats.resolveOrCreate(session, ['123456789012345@lid', `${number(7)}@s.whatsapp.net`], new Date())
  const { status, body } = await post({ recipients: numbers(1_000), message: hello })
  expect([status, body]).toEqual([202, { batchId: expect.stringMatching(/^bat_/), total: 1_000 }])
  const all = await api.store.commands.waiting(session, 1_000)
  expect(all.map(({ payload }) => (payload as { to: string }).to)).toEqual(
    numbers(1_000).map((one) => `${one}@s.whatsapp.net`),
  )
  expect(all[7]?.lane).toBe('123456789012345@lid')
  expect(new Set(all.map(({ messageId }) => messageId)).size).toBe(1_000)
  expect((await read(body.batchId)).body).toMatchObject({ total: 1_000, left: 1_000, sent: 0, failed: 0, cancelled: 0 })
})

test('placeholders are filled from what each recipient says, once, and in captions too', async () => {
  const { body } = await post({
    recipients: [
      { to: number(1), variables: { name: 'Ana', code: 7 } },
      { to: number(2), variables: { name: '{{code}}', code: 8 } },
    ],
    message: { type: 'text', text: 'Dear {{name}}, {{ code }}' },
  })
  expect(body.total).toBe(2)
  const texts = (await api.store.commands.waiting(session, 10)).map(
    ({ payload }) => (payload as { content: { text: string } }).content.text,
  )
  expect(texts).toEqual(['Dear Ana, 7', 'Dear {{code}}, 8'])

  const image = { type: 'image', media: { url: 'https://example.com/a.png' }, caption: 'For {{name}}' }
  await post({ recipients: [{ to: number(3), variables: { name: 'Eva' } }], message: image })
  const last = (await api.store.commands.waiting(session, 10)).at(-1)
  expect(last?.payload).toMatchObject({ content: { caption: 'For Eva' } })
})

test('what is wrong with one recipient is named by its index, and nothing is accepted', async () => {
  const cases: [object, string][] = [
    [{ recipients: [number(1), 'nobody'], message: hello }, 'recipients.1'],
    [{ recipients: [number(1), { to: '0800' }], message: hello }, 'recipients.1.to'],
    [{ recipients: [number(1), number(2), `+${number(1)}`], message: hello }, 'recipients.2'],
    [{ recipients: [number(1)], message: { type: 'text', text: 'Dear {{name}}' } }, 'recipients.0.variables'],
    [
      { recipients: [{ to: number(1), variables: { name: ' ' } }], message: { type: 'text', text: '{{name}}' } },
      'recipients.0',
    ],
    [{ recipients: [number(1)], message: { type: 'text', text: 'Dear {{constructor}}' } }, 'recipients.0.variables'],
    [{ recipients: [], message: hello }, 'recipients'],
    [{ recipients: numbers(1_001), message: hello }, 'recipients'],
    [{ recipients: [number(1)], message: { ...hello, to: number(2) } }, 'message.to'],
    [{ recipients: [number(1)], message: hello, expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    [{ recipients: [number(1)], message: { type: 'telegram' } }, 'message.type'],
  ]
  for (const [body, path] of cases) {
    const answer = await post(body)
    expect([answer.status, answer.body.code, answer.body.errors[0].path]).toEqual([422, 'request.invalid', path])
  }
  expect(await waiting()).toBe(0)
})

test('two addresses of one chat are one recipient', async () => {
  const lid = '123456789012346@lid'
  await api.store.chats.resolveOrCreate(session, [lid, `${number(1)}@s.whatsapp.net`], new Date())
  const answer = await post({ recipients: [number(1), lid], message: hello })
  expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'recipients.1'])
})

test('accepted again under its key a batch is the same one, also of two at once; another body is refused', async () => {
  const headers = { 'idempotency-key': `key-${session}` }
  const body = { recipients: numbers(5), message: hello }
  const answers = await Promise.all([post(body, headers), post(body, headers), post(body, headers)])
  expect(new Set(answers.map((one) => one.body.batchId)).size).toBe(1)
  expect(answers.map((one) => one.status)).toEqual([202, 202, 202])
  const again = await post(body, headers)
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true'])
  expect(await waiting()).toBe(5)
  const other = await post({ ...body, recipients: numbers(4) }, headers)
  expect([other.status, other.body.code]).toEqual([422, 'idempotency.conflict'])
})

test('a batch whose commands cannot all be stored leaves nothing behind', async () => {
  const headers = { 'idempotency-key': `cut-${session}` }
  const { batchId } = (await post({ recipients: numbers(2), message: hello }, headers)).body
  const [first] = await api.store.commands.waiting(session, 1)
  await expect(
    api.store.batches.accept({
      _id: 'bat_cut',
      sessionId: session,
      actor: 'me',
      bodyHash: 'h',
      commands: [{ ...first!, _id: 'cmd_cut.0', messageId: 'M0' } as never, { ...first!, messageId: 'M1' } as never],
    }),
  ).rejects.toThrow(/duplicate/)
  expect([await api.store.batches.read('bat_cut'), await api.store.commands.read('cmd_cut.0')]).toEqual([null, null])
  expect(await waiting()).toBe(2)
  expect((await read(batchId)).body.total).toBe(2)
})

test('a queue that has no room for all of them takes none', async () => {
  await post({ recipients: numbers(1_000), message: hello })
  await post({ recipients: numbers(999), message: hello })
  const answer = await post({ recipients: [number(1), number(2)], message: hello })
  expect([answer.status, answer.body.code]).toEqual([429, 'queue.full'])
  expect(await waiting()).toBe(1_999)
  expect((await post({ recipients: [number(1)], message: hello })).status).toBe(202)
})

test('cancelled, a batch tells its end once, however often it is asked', async () => {
  const { batchId } = (await post({ recipients: numbers(30), message: hello })).body
  const [first] = await api.store.commands.waiting(session, 1)
  await api.call('DELETE', `/v1/commands/${first!._id}`)
  const path = `/v1/sessions/${session}/batches/${batchId}`
  const answers = [await api.call('DELETE', path), await api.call('DELETE', path)]
  expect(answers[0]?.body).toMatchObject({ total: 30, left: 0, sent: 0, cancelled: 30 })
  expect(answers[1]?.body).toEqual(answers[0]?.body)
  expect(await waiting()).toBe(0)
  expect((await progress()).map(({ data }) => data)).toEqual([
    { batchId, total: 30, left: 0, sent: 0, failed: 0, cancelled: 30, expired: 0 },
  ])
})

test('outcomes are paged in the order given, by state too, when the commands are long gone', async () => {
  const { batchId } = (await post({ recipients: numbers(6), message: hello })).body
  const [first, second] = await api.store.commands.waiting(session, 2)
  const error = { code: 'recipient.not_on_whatsapp', reason: 'no' }
  await api.store.batches.settle({ commandId: first!._id, state: 'failed', error })
  await api.store.batches.settle({ commandId: first!._id, state: 'sent' })
  await api.store.batches.settle({ commandId: second!._id, state: 'sent' })
  await api.store.commands.removeAll(session)
  const failed = await recipients(batchId, '?state=failed')
  expect(failed.body).toEqual({
    data: [
      {
        index: 0,
        to: `${number(0)}@s.whatsapp.net`,
        state: 'failed',
        messageId: first!.messageId,
        commandId: first!._id,
        ...error,
        endedAt: expect.any(String),
      },
    ],
    nextCursor: null,
  })
  const one = await recipients(batchId, '?limit=4')
  const two = await recipients(batchId, `?limit=4&cursor=${one.body.nextCursor}`)
  expect([...one.body.data, ...two.body.data].map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5])
})

test('a batch of another session is not there, nor for a key without its session', async () => {
  const { batchId } = (await post({ recipients: numbers(1), message: hello })).body
  const other = await api.createSession()
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/recipients'],
  ] as const) {
    const answer = await api.call(method, `/v1/sessions/${other}/batches/${batchId}${path}`)
    expect([answer.status, answer.body.code]).toEqual([404, 'batch.not_found'])
    const { key } = await api.createKey({ scopes: ['messages.read', 'messages.write'], sessions: [other] })
    const hidden = await api.call(method, `/v1/sessions/${session}/batches/${batchId}${path}`, { key })
    expect([hidden.status, hidden.body.code]).toEqual([404, 'session.not_found'])
  }
  expect(await waiting()).toBe(1)
})
