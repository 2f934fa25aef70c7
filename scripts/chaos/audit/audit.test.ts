// The auditor can fail: each way in which a run can break a promise is caught, and said by its name.
import { expect, test } from 'vitest'
import { audit } from './audit.ts'
import { createFaultlessRecord, createPost } from './doctored-record.ts'
import type { RunRecord } from './record.ts'

/** Exchanges two neighbours. */
function swap<T>(rows: T[], i: number): void {
  const [one, two] = [rows[i], rows[i + 1]]
  if (one === undefined || two === undefined) throw new Error(`there are no rows ${i} and ${i + 1}`)
  rows.splice(i, 2, two, one)
}
const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('the faultless record is not as expected')
  return value
}
const history = (record: RunRecord) => must(record.chats[0]).history
const feed = (record: RunRecord) => must(record.sessions[0]).feed
const inbox = (record: RunRecord) => must(record.phones[0]).inbox
const posts = (record: RunRecord, at: number) => must(record.subscribers[at]?.posts).came
const theFeedWithout = (record: RunRecord, type: string) => {
  const session = must(record.sessions[0])
  session.feed = session.feed.filter((event) => event.type !== type)
}

test('a run without fault has no violation', () => {
  expect(audit(createFaultlessRecord())).toEqual([])
})

const doctored: [string, (record: RunRecord) => void, RegExp][] = [
  ['an accepted text lost on its way', (r) => inbox(r).splice(1, 1), /shown once.*lost/],
  ['one shown twice', (r) => inbox(r).push({ ...must(inbox(r)[0]) }), /shown once.*doubled/],
  ['one shown again under another id', (r) => inbox(r).push({ ...must(inbox(r)[0]), messageId: 'X' }), /unknown/],
  ['two shown in the wrong order', (r) => swap(inbox(r), 0), /shown once.*out of order/],
  ['one missing in the history', (r) => history(r).splice(0, 1), /accepted text stands in the history once.*lost/],
  ['one twice in the history', (r) => history(r).push(must(history(r)[0])), /accepted.*history once.*doubled/],
  ['one that stayed queued', (r) => Object.assign(must(history(r)[0]), { status: 'queued' }), /stayed at queued/],
  [
    'a command that gave up',
    (r) => r.sessions[0]?.unsettled.push({ commandId: 'c', kind: 'message.edit', state: 'failed' }),
    /message.edit of session1 is failed/,
  ],
  ['a repeated key that made another message', (r) => Object.assign(must(r.accepted[0]), { repeatedId: 'X' }), /key/],

  ['a received text missing in the history', (r) => history(r).splice(3, 1), /received.*history once.*lost/],
  ['one twice in the history', (r) => history(r).push(must(history(r)[5])), /received.*history once.*doubled/],
  ['one that nobody sent', (r) => history(r).push({ ...must(history(r)[5]), messageId: 'X' }), /unknown/],
  ['one with another text', (r) => Object.assign(must(history(r)[5]), { text: 'back 2!' }), /as it was written/],
  ['one never decrypted', (r) => Object.assign(must(history(r)[5]), { type: 'undecryptable', text: '' }), /undecrypt/],
  ['one missing in the feed', (r) => theFeedWithout(r, 'message.received'), /in the feed once.*lost/],
  ['one twice in the feed', (r) => feed(r).push(must(feed(r).at(-2))), /in the feed once.*doubled/],
  [
    'two in the wrong order in the feed',
    (r) => {
      const at = feed(r).findIndex(({ type }) => type === 'message.received')
      swap(feed(r), at)
    },
    /in the feed once, in order.*out of order/,
  ],
  [
    'one with another text in the feed',
    (r) => Object.assign(must(feed(r).find(({ type }) => type === 'message.received')).data, { text: '?' }),
    /in the feed once.*unknown/,
  ],
  [
    'a failed decryption',
    (r) => Object.assign(must(r.phones[0]), { counters: { failedDecryptions: 1 } }),
    /no decryption fails/,
  ],

  ['a gap in a stream', (r) => feed(r).splice(2, 1), /no gap.*4 stands at place 3/],
  [
    'a status told backwards',
    (r) => {
      const at = feed(r).findIndex(({ type }) => type === 'message.sent')
      swap(feed(r), at)
    },
    /never goes backwards.*sent after delivered/,
  ],
  ['a status told twice', (r) => feed(r).push(must(feed(r)[2])), /never goes backwards.*sent after read/],
  ['a status shown backwards', (r) => r.sightings.reverse(), /showed queued after read/],

  ['a change never shown', (r) => inbox(r).splice(3, 1), /change is shown once.*0 times/],
  [
    'a change shown twice',
    (r) => inbox(r).push({ ...must(inbox(r)[3]), messageId: 'R2' }),
    /change is shown once.*2 times/,
  ],
  ['an edit that does not stand', (r) => Object.assign(must(history(r)[4]), { text: 'back 1' }), /does not stand/],
  ['an edit told nowhere', (r) => theFeedWithout(r, 'message.edited'), /is 0 times in the feed/],

  ['an event a reader missed', (r) => r.subscribers[0]?.events.splice(3, 1), /a reader sees.*lost/],
  ['one it saw twice', (r) => r.subscribers[0]?.events.push(must(feed(r)[0])), /a reader sees.*doubled/],
  ['two it saw in the wrong order', (r) => swap(must(r.subscribers[0]).events, 3), /a reader sees.*out of order/],
  ['another event under a number', (r) => Object.assign(must(r.subscribers[0]?.events[3]), { type: 'x' }), /unknown/],
  ['a cursor that was refused', (r) => r.subscribers[0]?.complaints.push('cursor_invalid'), /served.*cursor_invalid/],
  ['an event a receiver was never told', (r) => r.subscribers[1]?.events.splice(3, 1), /a receiver is told.*lost/],
  ['two taken in the wrong order', (r) => swap(must(r.subscribers[2]).events, 3), /receiver in order.*out of order/],
  [
    'one that was not asked for, taken',
    (r) => r.subscribers[3]?.events.push(must(feed(r)[0])),
    /receiver of messages.*unknown/,
  ],
  [
    'one of another type, shown and refused',
    (r) => posts(r, 3).push({ ...createPost(must(feed(r)[0])), isTaken: false }),
    /receiver of messages.*not asked for/,
  ],
  [
    'one of another session, shown and refused',
    (r) =>
      posts(r, 3).push({
        ...createPost({ ...must(feed(r)[1]), id: 'session2:2', stream: 'session2' }),
        isTaken: false,
      }),
    /receiver of messages.*not asked for/,
  ],
  [
    'a signature by another secret',
    (r) => posts(r, 1).push(createPost(must(feed(r)[0]), `whsec_${'b'.repeat(32)}`)),
    /signature is wrong/,
  ],
  [
    'a signature of another body',
    (r) => Object.assign(must(posts(r, 1)[3]), { body: must(posts(r, 1)[4]).body }),
    /signature is wrong/,
  ],
  [
    'one that the feed does not hold',
    (r) => posts(r, 1).push(createPost({ ...must(feed(r)[1]), id: 'session1:0', seq: 0 })),
    /feed does not hold it/,
  ],
  [
    'one with another text than in the feed',
    (r) => posts(r, 1).push(createPost({ ...must(feed(r)[1]), data: { text: '?' } })),
    /not as the feed holds it/,
  ],
  [
    'another id for the same event',
    (r) => posts(r, 1).push(createPost({ ...must(feed(r)[1]), id: 'session1:1' })),
    /another id in its head/,
  ],
  ['a refusal of a good request', (r) => r.surprises.push('POST was answered 500'), /answered 500/],
]
test.each(doctored)('caught: %s', (_name, doctor, expected) => {
  const record = createFaultlessRecord()
  doctor(record)
  const violations = audit(record).map(({ promise, detail }) => `${promise}: ${detail}`)
  expect(violations.join('\n')).toMatch(expected)
})

test('whoever is told at least once may be told twice, and in any order', () => {
  const record = createFaultlessRecord()
  const events = must(record.subscribers[1]).events
  events.push(must(events[0]))
  swap(events, 4)
  expect(audit(record)).toEqual([])
})
