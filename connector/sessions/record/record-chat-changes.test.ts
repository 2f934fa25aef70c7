// What is deleted for ourselves is gone, with its file; a file of ours that was uploaded apart stays.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import { toMessageKey, type Message } from '../../../shared/model/message.ts'
import { createAddresses } from './addresses.ts'
import type { RecordContext } from './context.ts'
import { recordCleared } from './record-chat-changes.ts'
import { recordMark } from './record-marks.ts'

let opened: TestStore
let context: RecordContext
beforeAll(async () => {
  opened = await openTestStore()
  const { store } = opened
  const appender = store.events.openAppender('s', 1)
  await appender.fence('test')
  const addresses = createAddresses(store, 's')
  context = {
    sessionId: 's',
    store,
    appender,
    addresses,
    counters: { add: () => undefined, close: () => Promise.resolve() },
  }
})
afterAll(() => opened.close())

const chat = '1@lid'
const at = new Date('2026-01-02T03:04:05Z')

async function withFile(messageId: string, fromMe = false): Promise<string> {
  const { store } = opened
  const source = (async function* () {
    yield Buffer.from(messageId)
  })()
  const owner = fromMe ? { actor: 'someone' } : { sessionId: 's' }
  const { _id: fileId } = await store.media.write(source, { owner, maxBytes: 100 })
  await context.addresses.chatIdOf([chat], at)
  const sender = fromMe ? 'me' : chat
  const row: Message = {
    _id: toMessageKey('s', chat, sender, messageId),
    sessionId: 's',
    chatId: chat,
    messageId,
    sender,
    fromMe,
    type: 'document',
    media: { kind: 'document', mimetype: 'text/plain', state: 'stored', fileId },
    timestamp: at,
    statusTimes: {},
    reactions: [],
    createdAt: at,
  }
  await store.messages.insert([row])
  return fileId
}

test('a message deleted for ourselves takes its file along', async () => {
  const [gone, stays] = [await withFile('A'), await withFile('B')]
  await recordMark(context, {
    change: 'message-hidden',
    target: { chat: [chat], messageId: 'A', fromMe: false },
  })
  expect(await opened.store.media.read(gone)).toBeNull()
  expect(await opened.store.media.read(stays)).not.toBeNull()
})

test('a chat that is cleared takes the files along that came with it, and no upload of ours', async () => {
  const [theirs, ours] = [await withFile('C'), await withFile('D', true)]
  await recordCleared(context, { change: 'chat-cleared', chat: [chat], upTo: at, deleted: false })
  expect((await opened.store.messages.page('s', chat, { limit: 10 })).data).toEqual([])
  expect(await opened.store.media.read(theirs)).toBeNull()
  expect(await opened.store.media.read(ours), 'it may be sent again').not.toBeNull()
})
