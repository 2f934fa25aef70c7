// Pages of history and of chats: p95 with many messages in the database, against the same with few.
import type { Message } from '../../../shared/model/message.ts'
import { toMessageKey } from '../../../shared/model/message.ts'
import { toPhoneJid } from '../../../shared/model/jid.ts'
import type { Store } from '../../../shared/store/open-store.ts'
import type { createHttp } from '../../demo/clients.ts'
import type { Figure, Options, Sample } from '../figure.ts'
import { inParallel } from '../in-parallel.ts'
import { takeRounds } from '../rounds.ts'
import { quantile } from '../samples.ts'

type Http = ReturnType<typeof createHttp>

const sessionId = 'pages'
const few = 1_000
/** Of the messages, half are in one chat, the rest in chats of so many. */
const perChat = 10
const pageSize = 25
const pagesInARow = 2
const rowsAtOnce = 1_000
const bigChat = toPhoneJid('34600000000')
const startMs = Date.UTC(2026, 0, 1)

function toRow(i: number, total: number): Message {
  const chat = Math.floor((i - total / 2) / perChat)
  const chatId = i < total / 2 ? bigChat : toPhoneJid(String(34_600_000_001 + chat))
  const messageId = `3EB0${String(i).padStart(18, '0')}`
  const at = new Date(startMs + i * 1_000)
  return {
    _id: toMessageKey(sessionId, chatId, chatId, messageId),
    sessionId,
    chatId,
    messageId,
    sender: chatId,
    fromMe: false,
    pushName: 'Ana',
    type: 'text',
    text: 'as long as a message of everyday life usually is',
    timestamp: at,
    statusTimes: {},
    reactions: [],
    createdAt: at,
  }
}

async function fill(store: Store, total: number): Promise<void> {
  await store.sessions.create(sessionId, { sandbox: true })
  const chats = new Map<string, Date>()
  for (let from = 0; from < total; from += rowsAtOnce) {
    const rows = Array.from({ length: Math.min(rowsAtOnce, total - from) }, (_, i) => toRow(from + i, total))
    for (const { chatId, timestamp } of rows) chats.set(chatId, timestamp)
    await store.messages.insert(rows)
  }
  await inParallel([...chats], 20, ([chatId, at]) => store.chats.resolveOrCreate(sessionId, [chatId], at))
}

/** Milliseconds of each page: the first one and those that follow, again and again. */
async function walk(http: Http, path: string, requests: number): Promise<number[]> {
  const tookMs: number[] = []
  while (tookMs.length < requests) {
    let cursor: string | null = null
    for (let page = 0; page < pagesInARow; page += 1) {
      const startedAt = performance.now()
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const answer = await http('GET', `${path}?limit=${pageSize}${query}`)
      tookMs.push(performance.now() - startedAt)
      if ((answer['data'] as unknown[]).length !== pageSize) throw new Error(`${path} gave another page than expected`)
      cursor = answer['nextCursor'] as string
    }
  }
  return tookMs
}

function measure(path: string, { quick, say, withStack }: Options): Promise<Sample[]> {
  const many = quick ? 20_000 : 200_000
  const requests = quick ? 200 : 400
  return withStack(async (stack) => {
    const opened = await inParallel([many, few], 2, async (total) => {
      const { env, store } = await stack.openDatabase(`with_${total}`)
      await fill(store, total)
      return (await stack.startApi(env)).http
    })
    say(`  ${few} and ${many} messages are in`)
    const [withMany, withFew] = opened as [Http, Http]
    return takeRounds(quick ? 3 : 5, say, async () => {
      const ours = await walk(withMany, path, requests)
      const theirs = await walk(withFew, path, requests)
      return {
        unit: 'ms, p95',
        ours: quantile(ours, 0.95),
        theirs: quantile(theirs, 0.95),
        also: { p50: [quantile(ours, 0.5), quantile(theirs, 0.5)] },
      }
    })
  })
}

export const historyPage: Figure = {
  name: 'page of history, many messages to 1,000',
  against: 'itself with 1,000 messages',
  goal: { atMost: 1.5 },
  measure: (options) => measure(`/v1/sessions/${sessionId}/chats/${encodeURIComponent(bigChat)}/messages`, options),
}

export const chatsPage: Figure = {
  name: 'page of chats, many messages to 1,000',
  against: 'itself with 1,000 messages',
  goal: { atMost: 1.5 },
  measure: (options) => measure(`/v1/sessions/${sessionId}/chats`, options),
}
