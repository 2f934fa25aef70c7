// A history is hundreds of messages at once: one that cannot be stored costs the others nothing.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { MessageFact } from '../../whatsapp/facts.ts'
import { createAddresses } from './addresses.ts'
import type { RecordContext } from './context.ts'
import { recordHistory } from './record-directory.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const chat = '1@lid'
const said = (messageId: string, text: string): MessageFact => ({
  kind: 'message',
  chat: [chat],
  sender: [chat],
  messageId,
  at: new Date('2026-01-02T03:04:05Z'),
  content: { type: 'text', text },
  historical: true,
})

test('a message that is too large for a row is refused, and those around it stand', async () => {
  const { store } = opened
  const sessionId = 'history'
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  const context: RecordContext = {
    sessionId,
    store,
    appender,
    addresses: createAddresses(store, sessionId),
    counters: { add: () => undefined, close: () => Promise.resolve() },
  }
  const messages = [said('A', 'before'), said('B', 'x'.repeat(17_000_000)), said('C', 'behind')]
  const history = { kind: 'history' as const, syncType: 'RECENT', chats: [], contacts: [], messages }
  await expect(recordHistory(context, history)).rejects.toThrow()
  const { data } = await store.messages.page(sessionId, chat, { limit: 10 })
  expect(data.map(({ messageId }) => messageId).sort()).toEqual(['A', 'C'])
  const told = await store.events.read(sessionId, 0, 10)
  expect(told.map(({ type }) => type)).toContain('history.progress')
})
