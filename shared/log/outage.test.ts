import { MongoNetworkError, MongoServerError } from 'mongodb'
import { expect, test } from 'vitest'
import { toErrorFields, toStackLines } from './error-fields.ts'
import { toFeedLog } from './feed-log.ts'
import { createOutage } from './outage.ts'
import { toPinoOptions } from './pino-options.ts'

test('an outage is said once when it begins and once when it is over, as often as there is one', () => {
  const said: string[] = []
  const tell = (level: string) => (_fields: object, sentence: string) => void said.push(`${level} ${sentence}`)
  const outage = createOutage(
    { debug: tell('debug'), info: tell('info'), warn: tell('warn') },
    { away: 'away', back: 'back' },
  )
  outage.over()
  for (let n = 0; n < 3; n += 1) outage.noticed(new Error('x'))
  outage.over()
  outage.over()
  outage.noticed(new Error('x'))
  expect(said).toEqual(['warn away', 'debug away', 'debug away', 'info back', 'warn away'])
})

test('an error is one line: its sentence masked, the code of what lies behind it, no stack', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  const error = new TypeError('no way to\n  5491155550000', { cause: new Error('in between', { cause: refused }) })
  const fields = { type: 'TypeError', message: 'no way to 54911•••0000', code: 'ECONNREFUSED' }
  expect(toErrorFields(error)).toEqual(fields)
  expect(toPinoOptions({ name: 'n', level: 'info' }).serializers.err(error)).toEqual(fields)
  expect(toErrorFields('a word')).toEqual({ type: 'string', message: 'a word', code: undefined })
})

test('where it broke is said without the sentence, and only at debug', () => {
  const error = new Error('a text of\nsomebody')
  expect(toStackLines(error).length).toBeGreaterThan(0)
  expect(toStackLines(error).join()).not.toMatch(/text of|somebody/)
  expect(toPinoOptions({ name: 'n', level: 'debug' }).serializers.err(error)).toHaveProperty('stack')
})

test('a listener that fails is an error of ours, not an outage of MongoDB', () => {
  const said: string[] = []
  const tell = (level: string) => (_fields: object, sentence: string) => void said.push(`${level} ${sentence}`)
  const log = { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') }
  const feed = toFeedLog(log, createOutage(log, { away: 'away', back: 'back' }))
  feed.onError(new TypeError('x is not a function'))
  feed.onError(new MongoServerError({ code: 286, message: 'history lost' }))
  feed.onError(new MongoNetworkError('connection closed'))
  feed.onAlive()
  expect(said).toEqual([
    'error a listener of the feed failed',
    'debug the change stream broke',
    'warn away',
    'info back',
  ])
})
