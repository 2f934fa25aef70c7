// Two chats become one while orders are under way: each order finds its message, and each message gets what is its own.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { OutContent } from '../../../shared/model/content.ts'
import type { Command, CommandKind } from '../../../shared/model/command.ts'
import { toMessageKey, type Message } from '../../../shared/model/message.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import type { MessageRef } from '../../whatsapp/message-ref.ts'
import type { ReadyMedia } from '../../whatsapp/media-message.ts'
import type { SessionMedia } from '../media/files.ts'
import { createAddresses } from '../record/addresses.ts'
import type { RecordContext } from '../record/context.ts'
import { recordMessages } from '../record/record-messages.ts'
import { recordStatuses } from '../record/record-changes.ts'
import { createAcks } from './acks.ts'
import { targetOf, type ActContext } from './acts/act.ts'
import { act } from './acts/acts.ts'
import { recordFailed, recordOwnChange, recordQueued } from './own-changes.ts'
import { prepareMedia } from './prepare-media.ts'
import { preparePreview } from './prepare-preview.ts'
import { createSendGroup } from './send-group.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

let sessions = 0

/** One person, known by a LID and by a number, whose chats are two until `merge`: the one by number goes into the other. */
async function twoChats(media: Partial<SessionMedia> = {}) {
  const { store } = opened
  const sessionId = `merged-${(sessions += 1)}`
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  const [lid, phone] = ['77@lid', '15550001@s.whatsapp.net'] as const
  const addresses = createAddresses(store, sessionId)
  await addresses.chatIdOf([lid], new Date(1_000))
  await addresses.chatIdOf([phone], new Date())
  const counters = { add: () => undefined, close: () => Promise.resolve() }
  const context: RecordContext = { sessionId, store, appender, addresses, counters, media: media as SessionMedia }
  return {
    context,
    lid,
    phone,
    merge: () => addresses.chatIdOf([phone, lid], new Date()),
    rows: () => store.messages.find(sessionId, 'M'),
    /** What was told, when everything is. */
    async told() {
      await appender.close()
      return (await store.events.read(sessionId, 0, 100)).map(({ type }) => type)
    },
    async accept(content: OutContent): Promise<Command<'message.send'>> {
      const { command } = await store.commands.accept({
        _id: `${sessionId}-c`,
        sessionId,
        lane: phone,
        kind: 'message.send',
        actor: 'test',
        messageId: 'M',
        payload: { to: phone, content },
      })
      return command as Command<'message.send'>
    },
  }
}
type TwoChats = Awaited<ReturnType<typeof twoChats>>

const picture: OutContent = { type: 'image', media: { fileId: 'f' } }
const ready = { facts: { width: 3 }, fileId: 'f' } as ReadyMedia

/** The way of one message, from the queue to WhatsApp. */
async function send(chats: TwoChats, content: OutContent): Promise<Command> {
  const { context, phone } = chats
  const { store } = context
  const acks = createAcks(10_000)
  const sent = (_to: string, messageId: string) => {
    acks.acked(messageId, { error: undefined })
    return Promise.resolve({ outcome: 'sent', raw: new Uint8Array([1]) })
  }
  const connection = { identify: () => [phone], sending: { media: sent, message: sent } } as unknown as Connection
  const command = await chats.accept(content)
  const sendGroup = createSendGroup({
    context,
    epoch: 1,
    signal: new AbortController().signal,
    acks,
    maxAttempts: 5,
    open: () => ({ connection, closed: new AbortController() }),
    rest: () => undefined,
    mayLeave: () => true,
    batches: { ended: () => Promise.resolve() },
    outreach: { refused: () => Promise.resolve(), kept: () => Promise.resolve() },
    isHeld: () => Promise.resolve(false),
    preparing: (work) => work(),
    onError: () => undefined,
  })
  await sendGroup([command])
  return (await store.commands.read(command._id)) ?? command
}

test('a file that cannot be had, asked for before the merge, fails its message where it is now, and is told', async () => {
  const failing = async () => {
    await chats.merge()
    throw new Problem('media.not_found')
  }
  const chats = await twoChats({ ready: failing })
  expect(await send(chats, picture)).toMatchObject({ state: 'failed', error: { code: 'media.not_found' } })
  expect(await chats.rows()).toMatchObject([
    { chatId: chats.lid, status: 'failed', error: { code: 'media.not_found' } },
  ])
  expect(await chats.told()).toContain('message.failed')
})

test('a file that was made ready while the chats became one stands in the row', async () => {
  const slow = async () => {
    await chats.merge()
    return ready
  }
  const chats = await twoChats({ ready: slow })
  expect(await send(chats, picture)).toMatchObject({ state: 'done' })
  expect(await chats.rows()).toMatchObject([{ chatId: chats.lid, media: { state: 'stored', fileId: 'f', width: 3 } }])
})

test('a page that was asked while the chats became one is the preview in the row, and goes out', async () => {
  const preview = async () => {
    await chats.merge()
    return { url: 'https://example.com', title: 'Example' }
  }
  const chats = await twoChats({ preview })
  const content: OutContent = { type: 'text', text: 'https://example.com', linkPreview: true }
  expect(await send(chats, content)).toMatchObject({ state: 'done' })
  expect(await chats.rows()).toMatchObject([{ chatId: chats.lid, linkPreview: { title: 'Example' } }])
})

test('what was written while its row went is written again where it is now, and told as it stands there', async () => {
  const chats = await twoChats()
  const { context, phone } = chats
  const [key = ''] = await recordQueued(context, [await chats.accept(picture)], [phone])
  const advance: typeof context.store.messages.advance = async (...step) => {
    await chats.merge()
    return context.store.messages.advance(...step)
  }
  const store = { ...context.store, messages: { ...context.store.messages, advance } }
  await recordFailed({ ...context, store }, key, { code: 'media.not_found', reason: '' })
  expect(await chats.rows()).toMatchObject([{ chatId: chats.lid, status: 'failed' }])
  expect(await chats.told()).toContain('message.failed')
})

const turns = async (count: number) => {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Each begins a little later in its merge than the one before. */
const aHundredTimes = (once: (i: number) => Promise<void>) =>
  Promise.all(Array.from({ length: 100 }, (_, i) => once(i)))

async function gets(
  what: (chats: TwoChats, key: string, command: Command<'message.send'>) => Promise<unknown>,
  content: OutContent,
  expected: object,
): Promise<void> {
  await aHundredTimes(async (i) => {
    const chats = await twoChats({
      ready: () => Promise.resolve(ready),
      preview: () => Promise.resolve({ url: 'https://example.com', title: 'Example' }),
    })
    const command = await chats.accept(content)
    const [key = ''] = await recordQueued(chats.context, [command], [chats.phone])
    const merging = chats.merge()
    await turns(i % 20)
    await what(chats, key, command)
    await merging
    expect(await chats.rows(), `try ${i}`).toMatchObject([{ chatId: chats.lid, ...expected }])
    await chats.context.appender.close()
  })
}

test.each<[string, OutContent, Parameters<typeof gets>[0], object]>([
  [
    'its failure',
    picture,
    ({ context }, key) => recordFailed(context, key, { code: 'media.not_found', reason: '' }),
    { status: 'failed' },
  ],
  ['its file', picture, ({ context }, key, command) => prepareMedia(context, command, key), { media: { width: 3 } }],
  [
    'its preview',
    { type: 'text', text: 'https://example.com', linkPreview: true },
    ({ context }, key, command) => preparePreview(context, command, key),
    { linkPreview: { title: 'Example' } },
  ],
  [
    'its status',
    picture,
    ({ context, phone }) => recordStatuses(context, [{ kind: 'ack', chat: [phone], messageId: 'M', at: new Date() }]),
    { status: 'sent' },
  ],
])(
  'while two chats become one a message gets %s, a hundred times',
  async (_what, content, what, expected) => {
    await gets(what, content, expected)
  },
  60_000,
)

const orders: [CommandKind, object, 'theirs' | 'mine', object, string][] = [
  ['message.vote', { options: ['b'] }, 'theirs', { votes: [{ sender: 'me', options: ['b'] }] }, 'message.poll_vote'],
  ['message.vote', { options: ['b'] }, 'mine', { votes: [{ sender: 'me', options: ['b'] }] }, 'message.poll_vote'],
  ['message.respond', { answer: 'going' }, 'theirs', { responses: [{ answer: 'going' }] }, 'message.event_response'],
  ['message.react', { emoji: '🙂' }, 'theirs', { reactions: [{ sender: 'me', emoji: '🙂' }] }, 'message.reaction'],
  ['message.pin', { seconds: 86_400 }, 'theirs', { pin: { by: 'me' } }, 'message.pinned'],
  ['message.star', { starred: true }, 'theirs', { starred: true }, 'message.starred'],
  ['message.edit', { text: 'new' }, 'mine', { text: 'new' }, 'message.edited'],
  ['message.revoke', {}, 'mine', { revokedAt: expect.any(Date) }, 'message.revoked'],
]

for (const merges of ['before it goes', 'when WhatsApp has it'] as const)
  test.each(orders)(
    `%s %o of what is %s, accepted before a merge that comes ${merges}, is done, recorded and told`,
    async (kind, more, whose, expected, event) => {
      const chats = await twoChats()
      const { context, phone } = chats
      const { sessionId, store } = context
      const sender = whose === 'mine' ? 'me' : phone
      const row: Message = {
        _id: toMessageKey(sessionId, phone, sender, 'M'),
        sessionId,
        chatId: phone,
        messageId: 'M',
        sender,
        fromMe: whose === 'mine',
        type: 'text',
        text: 'old',
        raw: Buffer.from('x'),
        timestamp: new Date(),
        statusTimes: {},
        reactions: [],
        createdAt: new Date(),
      }
      await store.messages.insert([row])
      const payload = { chatId: phone, targetId: 'M', targetSender: sender, ...more }
      const command = { _id: 'c', sessionId, kind, payload } as unknown as Command
      const sent = () => Promise.resolve({ outcome: 'sent', raw: new Uint8Array() })
      const sending = { vote: sent, respond: sent, react: sent, pin: sent, edit: sent, revoke: sent }
      const connection = { sending, chats: { star: sent } } as unknown as Connection
      if (merges === 'before it goes') await chats.merge()
      const { outcome } = await act({ ...context, connection }, command)
      expect(outcome).not.toBe('failed')
      await chats.merge()
      await recordOwnChange(context, command, new Date())
      expect(await chats.rows()).toMatchObject([{ chatId: chats.lid, ...expected }])
      expect(await chats.told()).toContain(event)
    },
  )

test('a chat that was to be read before it became part of another is read', async () => {
  const chats = await twoChats()
  const { context, phone, lid } = chats
  const { sessionId, store } = context
  await recordMessages(context, [
    {
      kind: 'message',
      chat: [phone],
      sender: [phone],
      messageId: 'M',
      at: new Date(),
      content: { type: 'text', text: 'hello' },
      historical: false,
    },
  ])
  const read: MessageRef[] = []
  const sending = { markRead: (refs: MessageRef[]) => Promise.resolve(read.push(...refs)) }
  const command = { _id: 'c', sessionId, kind: 'chat.read', payload: { chatId: phone } } as unknown as Command
  await chats.merge()
  await act({ ...context, connection: { sending } as unknown as Connection }, command)
  expect(read).toMatchObject([{ chat: lid, messageId: 'M' }])
  expect(await store.chats.resolve(sessionId, [phone])).toMatchObject({ chatId: lid, unreadCount: 0 })
  await context.appender.close()
})

test('what an order speaks of is found at every moment of a merge, a hundred times', async () => {
  await aHundredTimes(async (i) => {
    const chats = await twoChats()
    const { context, phone } = chats
    const key = toMessageKey(context.sessionId, phone, phone, 'M')
    const row = { _id: key, sessionId: context.sessionId, chatId: phone, messageId: 'M', sender: phone }
    await context.store.messages.insert([
      {
        ...row,
        fromMe: false,
        type: 'text',
        timestamp: new Date(),
        statusTimes: {},
        reactions: [],
        createdAt: new Date(),
      },
    ])
    const merging = chats.merge()
    await turns(i % 20)
    const found = await targetOf(context as ActContext, { chatId: phone, targetId: 'M' }, phone)
    expect(found?.row.messageId, `try ${i}`).toBe('M')
    await merging
    await context.appender.close()
  })
}, 60_000)
