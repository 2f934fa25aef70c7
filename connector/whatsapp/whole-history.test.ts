import { deflateSync, inflateSync } from 'node:zlib'
import { proto } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { isHopeless } from './whole-history.ts'

test('a history is decoded without the rows that name no message, by whomever it is decoded', () => {
  const key = { remoteJid: '1@lid', fromMe: false, id: 'A' }
  const messages = [{ message: { message: { conversation: 'whose?' } } }, {}, { message: { key } }]
  const bytes = proto.HistorySync.encode({
    syncType: proto.HistorySync.HistorySyncType.RECENT,
    conversations: [{ id: '1@lid', messages }],
  }).finish()
  const [conversation] = proto.HistorySync.decode(bytes).conversations
  expect(conversation?.messages?.map(({ message }) => message?.key?.id)).toEqual(['A'])
})

const thrownBy = async (work: () => unknown): Promise<unknown> => {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('what cannot be unpacked or decoded is hopeless; what the network did is not', async () => {
  const packed = deflateSync('a history')
  const hopeless = [
    () => inflateSync(Buffer.from('no deflate')),
    () => inflateSync(packed.subarray(0, 5)),
    () => proto.HistorySync.decode(Buffer.from([0x12, 0x7f, 1])),
    () => proto.HistorySync.decode(Buffer.from([0x0f])),
    () => proto.HistorySync.decode(Buffer.alloc(20, 0xff)),
    () => (undefined as never as { key: string }).key,
    () => Promise.reject(Object.assign(new Error('gone'), { output: { statusCode: 410 } })),
  ]
  for (const work of hopeless) expect(isHopeless(await thrownBy(work)), String(work)).toBe(true)
  const passing = [
    () => fetch('http://127.0.0.1:1/'),
    () => Promise.reject(Object.assign(new Error('later'), { output: { statusCode: 503 } })),
    () => Promise.reject(new Error('the connection is closed')),
  ]
  for (const work of passing) expect(isHopeless(await thrownBy(work)), String(work)).toBe(false)
})
