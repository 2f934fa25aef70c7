// What we write down of our own messages, while other things happen.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import type { Command } from '../../../shared/model/command.ts'
import type { Message } from '../../../shared/model/message.ts'
import { createAddresses } from '../record/addresses.ts'
import { recordQueued } from './own-changes.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

test('a message that is written down while its chat becomes part of another is in the other, thirty times', async () => {
  const { store } = opened
  const appender = store.events.openAppender('s', 1)
  await appender.fence('test')
  for (let i = 0; i < 30; i += 1) {
    const [lid, phone] = [`77${i}@lid`, `1555000${1000 + i}@s.whatsapp.net`] as const
    const addresses = createAddresses(store, 's')
    await addresses.chatIdOf([lid], new Date(1_000))
    await addresses.chatIdOf([phone], new Date())
    let merge: Promise<string> | undefined
    const insert = async (rows: readonly Message[]) => {
      // The mapping becomes known in between: before the row stands, or side by side with it.
      merge ??= addresses.chatIdOf([phone, lid], new Date())
      if (i % 2 === 0) await merge
      return store.messages.insert(rows)
    }
    const context = {
      sessionId: 's',
      store: { ...store, messages: { ...store.messages, insert } },
      appender,
      addresses,
      counters: { add: () => undefined, close: () => Promise.resolve() },
    }
    const { command } = await store.commands.accept({
      _id: `c${i}`,
      sessionId: 's',
      lane: phone,
      kind: 'message.send',
      payload: { to: phone, content: { type: 'text', text: 'hi' } },
      messageId: `M${i}`,
      actor: 'test',
    })
    await recordQueued(context, [command as Command<'message.send'>], [phone])
    await merge
    const rows = await store.messages.find('s', `M${i}`)
    expect(rows.map(({ chatId }) => chatId)).toEqual([lid])
    expect((await store.chats.resolve('s', [phone]))?.lastMessage?.messageId).toBe(`M${i}`)
  }
})
