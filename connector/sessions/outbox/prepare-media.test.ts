// A file that takes longer than WhatsApp may take to acknowledge a message.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestStore, type TestStore } from '../../../scripts/testing/mongo.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Connection } from '../../whatsapp/connection.ts'
import type { ReadyMedia } from '../../whatsapp/media-message.ts'
import type { SessionMedia } from '../media/files.ts'
import { createAddresses } from '../record/addresses.ts'
import { createAcks } from './acks.ts'
import { createSendGroup } from './send-group.ts'

let opened: TestStore
beforeAll(async () => {
  opened = await openTestStore()
})
afterAll(() => opened.close())

const ackMs = 300
const lane = '15550000001@s.whatsapp.net'

/** One message with a file, sent once; `ready` is how its file is made ready. */
async function sendOne(sessionId: string, ready: SessionMedia['ready']) {
  const { store } = opened
  const appender = store.events.openAppender(sessionId, 1)
  await appender.fence('test')
  const acks = createAcks(ackMs)
  const connection = {
    identify: (jid: string) => [jid],
    sending: {
      media: (_to: string, messageId: string) => {
        acks.acked(messageId, { error: undefined })
        return Promise.resolve({ outcome: 'sent', raw: new Uint8Array() })
      },
    },
  } as unknown as Connection
  const { command } = await store.commands.accept({
    _id: `${sessionId}-c`,
    sessionId,
    lane,
    kind: 'message.send',
    actor: 'test',
    messageId: 'M',
    payload: { to: lane, content: { type: 'image', media: { fileId: 'f' } } },
  })
  const sendGroup = createSendGroup({
    context: {
      sessionId,
      store,
      appender,
      addresses: createAddresses(store, sessionId),
      counters: { add: () => undefined, close: () => Promise.resolve() },
      media: { ready } as SessionMedia,
    },
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
  const goesOn = await sendGroup([command])
  await appender.close()
  const [row] = await store.messages.find(sessionId, 'M')
  return { goesOn, command: await store.commands.read(command._id), row }
}

test('is no silence of WhatsApp: the message goes at its first try', async () => {
  const slow = new Promise<ReadyMedia>((resolve) =>
    setTimeout(() => resolve({ facts: { width: 3 }, fileId: 'f' } as ReadyMedia), 2 * ackMs),
  )
  const { goesOn, command, row } = await sendOne('slow', () => slow)
  expect(goesOn).toBe(true)
  expect(command).toMatchObject({ state: 'done', attempts: 1 })
  expect(row?.media).toMatchObject({ state: 'stored', fileId: 'f', width: 3 })
})

test('that cannot be had ends its message with its code, and the chat goes on', async () => {
  const { goesOn, command, row } = await sendOne('none', () => Promise.reject(new Problem('media.not_found')))
  expect(goesOn).toBe(true)
  expect(command).toMatchObject({ state: 'failed', error: { code: 'media.not_found' } })
  expect(row).toMatchObject({ status: 'failed', error: { code: 'media.not_found' } })
})

test('that may be had later holds its chat and is tried again', async () => {
  const { goesOn, command } = await sendOne('later', () => Promise.reject(new Problem('media.unreachable')))
  expect(goesOn).toBe(false)
  expect(command).toMatchObject({ state: 'queued', attempts: 1 })
})
