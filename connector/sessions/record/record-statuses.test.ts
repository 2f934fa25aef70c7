// What others may say about our messages, and what they may not.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import { toMessageKey, type Message } from '../../../shared/model/message.ts'
import type { Command } from '../../../shared/model/command.ts'
import type { Fact } from '../../whatsapp/facts.ts'
import { recordQueued } from '../outbox/own-changes.ts'
import { createAddresses } from './addresses.ts'
import { createRecorder } from './recorder.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const beto = ['200@lid', '15550000002@s.whatsapp.net'] as const
const eva = ['300@lid', '15550000003@s.whatsapp.net'] as const
const at = new Date('2026-01-02T03:04:05Z')
const text = (chat: typeof beto | typeof eva, messageId: string, sender: 'me' | typeof beto, words: string): Fact => ({
  kind: 'message',
  chat,
  sender,
  messageId,
  at,
  content: { type: 'text', text: words },
  historical: false,
})

let sessions = 0
async function openRecorder(signal = new AbortController().signal) {
  const { store } = opened
  const sessionId = `record-${(sessions += 1)}`
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  const refused: unknown[] = []
  const context = {
    sessionId,
    store,
    appender,
    addresses: createAddresses(store, sessionId),
    counters: { add: () => undefined, close: () => Promise.resolve() },
  }
  const recorder = createRecorder({
    context,
    rests: () => undefined,
    signal,
    onRetry: () => undefined,
    onRefused: (error) => refused.push(error),
  })
  return {
    refused,
    tell: async (...facts: Fact[]): Promise<void> => {
      for (const fact of facts) recorder.record({ fact, stored: () => undefined })
      await recorder.idle()
    },
    /** A text of ours that was accepted and is about to be sent. */
    queue: async (chat: typeof beto, messageId: string): Promise<void> => {
      const { command } = await store.commands.accept({
        _id: `${sessionId}-${messageId}`,
        sessionId,
        lane: chat[0],
        kind: 'message.send',
        payload: { to: chat[0], content: { type: 'text', text: 'to Beto' } },
        messageId,
        actor: 'test',
      })
      await recordQueued(context, [command as Command<'message.send'>], chat)
    },
    row: (chat: readonly string[], sender: string, messageId: string): Promise<Message | null> =>
      store.messages.read(toMessageKey(sessionId, chat[0] ?? '', sender, messageId)),
    types: async () => (await store.events.read(sessionId, 0, 1_000)).map((event) => event.type),
  }
}

test('a receipt counts only from the chat the message is in: nobody else marks it as read', async () => {
  const { tell, row, types } = await openRecorder()
  await tell(text(beto, 'M1', 'me', 'to Beto'), text(eva, 'E1', 'me', 'to Eva'))
  await tell({ kind: 'receipt', chat: eva, by: eva, messageIds: ['M1'], status: 'read', at })
  await tell({ kind: 'ack', chat: eva, messageId: 'M1', error: '463', at })
  expect((await row(beto, 'me', 'M1'))?.status).toBe('sent')
  expect(await types()).not.toContain('message.read')
  await tell({ kind: 'receipt', chat: [beto[1]], by: [beto[1]], messageIds: ['M1'], status: 'read', at })
  expect((await row(beto, 'me', 'M1'))?.status, 'by whichever of its addresses').toBe('read')
})

test('a status never goes back, in whatever order receipts come', async () => {
  const { tell, row, types } = await openRecorder()
  await tell(text(beto, 'M1', 'me', 'hello'))
  for (const status of ['read', 'delivered', 'played', 'read', 'delivered'] as const)
    await tell({ kind: 'receipt', chat: beto, by: beto, messageIds: ['M1'], status, at })
  expect((await row(beto, 'me', 'M1'))?.status).toBe('played')
  expect((await types()).filter((type) => /read|delivered|played/.test(type))).toEqual([
    'message.read',
    'message.played',
  ])
})

test('an ack that comes after its receipts, its connection having died, takes nothing back in the feed', async () => {
  const { tell, queue, row, types } = await openRecorder()
  await queue(beto, 'M1')
  await tell({ kind: 'receipt', chat: beto, by: beto, messageIds: ['M1'], status: 'read', at })
  await tell({ kind: 'ack', chat: beto, messageId: 'M1', at })
  await tell({ kind: 'receipt', chat: beto, by: beto, messageIds: ['M1'], status: 'delivered', at })
  expect((await row(beto, 'me', 'M1'))?.status).toBe('read')
  expect((await types()).filter((type) => type.startsWith('message.'))).toEqual([
    'message.queued',
    'message.sent',
    'message.read',
  ])
})

test('a contact that reuses an id neither hides nor changes a message of ours', async () => {
  const { tell, row } = await openRecorder()
  await tell(text(beto, 'M1', 'me', 'ours'), text(beto, 'M1', beto, 'theirs, same id'))
  await tell({ kind: 'edit', target: { chat: beto, sender: beto, messageId: 'M1' }, text: 'edited', at })
  await tell({ kind: 'revoke', target: { chat: eva, sender: beto, messageId: 'M1' }, at })
  expect((await row(beto, 'me', 'M1'))?.text).toBe('ours')
  expect((await row(beto, beto[0], 'M1'))?.text).toBe('edited')
})

test('an edit that comes late changes nothing, and says nothing', async () => {
  const { tell, row, types } = await openRecorder()
  const target = { chat: beto, sender: beto, messageId: 'M1' }
  await tell(text(beto, 'M1', beto, 'draft'))
  await tell({ kind: 'edit', target, text: 'final', at: new Date(at.getTime() + 2_000) })
  await tell({ kind: 'edit', target, text: 'older', at: new Date(at.getTime() + 1_000) })
  await tell({ kind: 'revoke', target, at: new Date(at.getTime() + 3_000) })
  await tell({ kind: 'edit', target, text: 'after it was revoked', at: new Date(at.getTime() + 4_000) })
  expect((await row(beto, beto[0], 'M1'))?.text).toBeUndefined()
  expect((await types()).filter((type) => type === 'message.edited')).toHaveLength(1)
})

test('what is meant to break the recorder costs its neighbours nothing', async () => {
  const { tell, refused, types } = await openRecorder()
  const odd = ['\u0000', '\u202E\uD83D\uDE00\uD800', 'x'.repeat(60_000), '$where', '']
  await tell(...odd.map((words, i) => text(beto, `O${i}/${'i'.repeat(i * 500)}`, beto, words)))
  const emoji = '👩‍👩‍👧‍👦'.repeat(5_000)
  await tell({ kind: 'reaction', target: { chat: beto, sender: beto, messageId: 'O0/' }, by: beto, emoji, at })
  await tell(text(beto, 'last', beto, 'still here'))
  expect(refused).toEqual([])
  expect((await types()).filter((type) => type === 'message.received')).toHaveLength(odd.length + 1)
})

test('what a socket still says while everything stops is left to the journal, and keeps nothing from stopping', async () => {
  const stopping = new AbortController()
  const { tell, row, refused } = await openRecorder(stopping.signal)
  await tell(text(beto, 'M1', beto, 'before'))
  stopping.abort()
  await tell(text(beto, 'M2', beto, 'after'))
  expect(await row(beto, beto[0], 'M2')).toBeNull()
  expect(refused).toEqual([])
})
