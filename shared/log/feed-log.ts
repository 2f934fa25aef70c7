// What the feed's troubles are called in the log of whoever opened it.
import { isUnavailable } from '../store/client.ts'
import type { FeedOptions } from '../store/feed.ts'
import { toStackLines } from './error-fields.ts'
import type { Outage } from './outage.ts'

type Log = Record<'debug' | 'error', (fields: object, message: string) => void>

export function toFeedLog(log: Log, outage: Outage): Required<Pick<FeedOptions, 'onError' | 'onAlive'>> {
  return {
    onError(err) {
      if (isUnavailable(err)) outage.noticed(err)
      // The server ended the stream: it is opened again, and who reads it is told when its place was lost.
      else if (err instanceof Error && err.name.startsWith('Mongo')) log.debug({ err }, 'the change stream broke')
      else log.error({ err, stack: toStackLines(err) }, 'a listener of the feed failed')
    },
    onAlive: outage.over,
  }
}
