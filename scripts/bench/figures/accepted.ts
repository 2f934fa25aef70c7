// Messages accepted: `POST …/messages` answered 202, against a bare Hono handler with one `insertOne` of the same size.
import { calculateObjectSize } from 'bson'
import type { Figure, Options, Sample } from '../figure.ts'
import { inParallel } from '../in-parallel.ts'
import { openLeanHttp } from '../lean-http.ts'
import { perSecond, takeRounds } from '../rounds.ts'

const sessions = 10
const recipients = 20
/** Bytes of the bare document around its padding: `_id`, names and types. */
const bareFrame = { to: '', text: '', padding: '' }

function measure({ quick, say, withStack }: Options): Promise<Sample[]> {
  const total = quick ? 800 : 4_000
  return withStack(async (stack) => {
    const ids = Array.from({ length: sessions }, (_, i) => `accept-${i}`)
    for (const id of ids) await stack.store.sessions.create(id, { sandbox: true })
    const api = await stack.startApi()
    const bodyOf = (i: number) => ({ type: 'text', to: `34600000${100 + (i % recipients)}`, text: `accepted ${i}` })
    const pathOf = (i: number) => `/v1/sessions/${ids[i % sessions]}/messages`

    const first = await api.http('POST', pathOf(0), bodyOf(0))
    const command = await stack.store.commands.read(String(first['commandId']))
    if (!command) throw new Error('the first command is not in the database')
    const { to, text } = bodyOf(0)
    const paddingBytes = calculateObjectSize(command) - calculateObjectSize({ _id: command.ts, ...bareFrame, to, text })
    const bare = await stack.start('scripts/bench/bare-api.ts', {
      ...stack.mongoEnv,
      DOCUMENT_BYTES: String(Math.max(0, paddingBytes)),
    })

    const http = openLeanHttp(8)
    const numbers = Array.from({ length: total }, (_, i) => i)
    const authorization = `Bearer ${api.key}`
    const ours = (inFlight: number, count: number) =>
      perSecond(count, () =>
        inParallel(numbers.slice(0, count), inFlight, (i) =>
          http.post(api.url + pathOf(i), bodyOf(i), { authorization }),
        ),
      )
    const theirs = (inFlight: number, count: number) =>
      perSecond(count, () =>
        inParallel(numbers.slice(0, count), inFlight, (i) => http.post(`${bare.ready['api']}/messages`, bodyOf(i))),
      )
    const samples = await takeRounds(quick ? 3 : 5, say, async () => ({
      unit: 'accepted/s',
      ours: await ours(8, total),
      theirs: await theirs(8, total),
      also: { '1 in flight': [await ours(1, total / 4), await theirs(1, total / 4)] },
    }))
    http.close()
    return samples
  })
}

export const accepted: Figure = {
  name: 'POST …/messages accepted, 8 in flight',
  against: 'a bare Hono handler with one insertOne',
  goal: { atLeast: 0.7 },
  measure,
}
