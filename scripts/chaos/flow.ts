// The steady two-way flow: in every chat texts are posted through the API, one after the other, and phones write back.
import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { AcceptedText, Change, RunRecord } from './audit/record.ts'
import type { Cast } from './cast.ts'
import { changeOurs, changeTheirs } from './changes.ts'
import type { Random } from './random.ts'
import type { Site } from './site.ts'

export type Flow = {
  accepted: AcceptedText[]
  changes: Change[]
  theirChanges: Change[]
  sightings: RunRecord['sightings']
  /** Answers that should not be: refusals of good requests. */
  surprises: string[]
  /** Texts that phones have sent. */
  written(): number
}

export type Chat = { site: Site; flow: Flow; random: Random; sessionId: string; phone: string; contact: string }

type Range = readonly [number, number]

/** Between two texts of one chat in one direction, ms. */
const usualPauseMs: Range = [300, 2_400]
/** A client that hangs up so early has mostly not been answered. */
const hangUpMs = [1, 25] as const
const sightingMs = 400

/** `ends` aborts: no new text begins; `done` resolves when every text that had begun is accepted. */
export function startFlow(
  site: Site,
  cast: Cast,
  random: Random,
  ends: AbortSignal,
  pauseMs: Range = usualPauseMs,
): { flow: Flow; done: Promise<void> } {
  setMaxListeners(0, ends)
  let written = 0
  const flow: Flow = {
    accepted: [],
    changes: [],
    theirChanges: [],
    sightings: [],
    surprises: [],
    written: () => written,
  }
  const repeat = async (random: Random, range: Range, act: (n: number) => Promise<void>) => {
    for (let n = 1; !ends.aborted; n += 1) {
      await act(n)
      await pause(random.between(...range), undefined, { signal: ends }).catch(() => undefined /* it ends */)
    }
  }
  const chats = cast.sessions.flatMap((session) => cast.contacts.map((contact) => ({ ...session, contact })))
  const loops = chats.flatMap((one) => {
    const chat = (): Chat => ({ site, flow, random: random.fork(), ...one })
    const [out, back] = [chat(), chat()]
    return [
      repeat(out.random, pauseMs, (n) => post(out, n)),
      repeat(back.random, pauseMs, async (n) => void (written += await writeBack(back, n))),
    ]
  })
  loops.push(repeat(random.fork(), [sightingMs, sightingMs], () => look(site, flow, random)))
  return { flow, done: Promise.all(loops).then(() => undefined) }
}

async function post(chat: Chat, n: number): Promise<void> {
  const { site, flow, random, sessionId, contact } = chat
  const text = `out ${sessionId} ${contact} ${n}`
  const request = {
    method: 'POST',
    path: `/v1/sessions/${sessionId}/messages`,
    body: { type: 'text', to: contact, text },
    key: `${sessionId}-${contact}-${n}`,
  }
  const answer = await site.client.ask(
    random.onceIn(8) ? { ...request, hangUpMs: random.between(...hangUpMs) } : request,
  )
  if (answer.status !== 202) {
    flow.surprises.push(`POST of "${text}" was answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return
  }
  const accepted: AcceptedText = { sessionId, contact, text, messageId: answer.body.messageId, atMs: Date.now() }
  flow.accepted.push(accepted)
  if (random.onceIn(10)) accepted.repeatedId = (await site.client.ask(request)).body?.messageId
  if (random.onceIn(8)) await changeOurs(chat, accepted)
}

/** How many texts were written. */
async function writeBack(chat: Chat, n: number): Promise<number> {
  const { site, random, sessionId, phone, contact } = chat
  const text = `back ${contact} ${sessionId} ${n}`
  const count = random.onceIn(6) ? random.between(2, 8) : 1
  const sent = await site.door('POST', `/phones/${contact}/messages`, {
    to: phone,
    text,
    count,
    addressing: random.onceIn(3) ? 'pn' : 'lid',
  })
  if (random.onceIn(8)) await changeTheirs(chat, String(sent['messageId']), `${text} 1`)
  if (random.onceIn(3)) await site.door('POST', `/phones/${contact}/read`, { from: phone })
  return count
}

/** A client that asks again and again how far a message is. */
async function look(site: Site, flow: Flow, random: Random): Promise<void> {
  const one = flow.accepted.slice(-20)[random.between(0, 19)]
  if (!one) return
  const { status, body } = await site.client.ask({
    method: 'GET',
    path: `/v1/sessions/${one.sessionId}/messages/${one.messageId}?chatId=${one.contact}`,
  })
  if (status === 200)
    flow.sightings.push({
      sessionId: one.sessionId,
      messageId: one.messageId,
      status: body.status,
      atMs: Date.now(),
    })
  else flow.surprises.push(`GET of ${one.messageId}, accepted, was answered ${status}: ${JSON.stringify(body)}`)
}
