import './silence-libsignal.ts'
import { initAuthCreds, type WASocket } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import type { OutContent } from '../../shared/model/content.ts'
import { createSending } from './sending.ts'

const poll: Extract<OutContent, { type: 'poll' }> = {
  type: 'poll',
  poll: { question: 'q', options: ['a', 'b'], selectable: 1 },
}

/** The secret with which a poll leaves, sent by an owner of these credentials. */
async function secretOf(creds: ReturnType<typeof initAuthCreds>, messageId: string): Promise<string> {
  const left: { poll: { messageSecret: Uint8Array } }[] = []
  const sock = {
    authState: { creds },
    sendMessage: (_: string, content: never) => Promise.resolve(void left.push(content)),
  }
  await createSending(sock as unknown as WASocket, () => true, {
    among: (phones) => Promise.resolve(new Set(phones)),
  }).message('1@lid', messageId, poll)
  return Buffer.from(left[0]?.poll.messageSecret ?? []).toString('hex')
}

test('a poll that is sent again by the next owner has its secret still, so that votes on it can be read; no other has it', async () => {
  const [ours, others] = [initAuthCreds(), initAuthCreds()]
  const first = await secretOf(ours, 'M1')
  expect(first).toMatch(/^[0-9a-f]{64}$/)
  expect(await secretOf(ours, 'M1')).toBe(first)
  expect(new Set([first, await secretOf(ours, 'M2'), await secretOf(others, 'M1')]).size).toBe(3)
})
