import { describe, expect, it } from 'vitest'
import { keepWrongGuessesOut } from './wrong-guess.ts'

const session = (used: number, chain: string) => ({
  _chains: { chain },
  currentRatchet: { rootKey: `root ${chain}` },
  indexInfo: { used },
})

describe('a wrong guess', () => {
  it('leaves the session that it tried as it was, and keeps the step of the one that fitted', () => {
    const before = { _sessions: { newest: session(3, 'a'), middle: session(2, 'b'), oldest: session(1, 'c') } }
    const after = {
      _sessions: { newest: session(3, 'a spoiled'), middle: session(9, 'b next'), oldest: session(1, 'c') },
    }
    keepWrongGuessesOut(before, after)
    expect(after._sessions.newest).toEqual(before._sessions.newest)
    expect(after._sessions.middle).toEqual(session(9, 'b next'))
    expect(after._sessions.oldest).toEqual(before._sessions.oldest)
  })

  it('is not seen where one session moved, or a new one came', () => {
    const before = { _sessions: { one: session(2, 'a'), two: session(1, 'b') } }
    const after = { _sessions: { one: session(9, 'a next'), two: session(1, 'b'), three: session(9, 'c') } }
    const expected = structuredClone(after)
    keepWrongGuessesOut(before, after)
    expect(after).toEqual(expected)
  })
})
