// Something that everybody needs is away: said once when it goes and once when it is back, however many notice it.

export type Outage = {
  /** It did not answer somebody. */
  noticed: (error: unknown) => void
  /** It answered. Costs nothing while it was never away. */
  over: () => void
}

type Log = Record<'debug' | 'info' | 'warn', (fields: object, message: string) => void>

/** `away` is said at warn with the reason, `back` at info; what else is noticed in between at debug. */
export function createOutage(log: Log, sentences: { away: string; back: string }): Outage {
  let isAway = false
  return {
    noticed(err) {
      log[isAway ? 'debug' : 'warn']({ err }, sentences.away)
      isAway = true
    },
    over() {
      if (!isAway) return
      isAway = false
      log.info({}, sentences.back)
    },
  }
}

export const mongodbSentences = {
  away: 'MongoDB does not answer; what needs it waits, or is refused, until it does',
  back: 'MongoDB answers again',
}
