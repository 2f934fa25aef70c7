import { expect, test } from 'vitest'
import { toKeyName } from './import-folder.ts'

test("the names of Baileys' files lead to the keys they were made of", () => {
  const cases: [string, string, string][] = [
    ['pre-key-12.json', 'pre-key', '12'],
    ['session-5491155550000_1.3.json', 'session', '5491155550000_1.3'],
    ['app-state-sync-key-AAA__bb=.json', 'app-state-sync-key', 'AAA/bb='],
    ['app-state-sync-version-regular_high.json', 'app-state-sync-version', 'regular_high'],
    ['sender-key-12036@g.us--549115555_1--0.json', 'sender-key', '12036@g.us::549115555_1::0'],
    ['sender-key-549115-1500@g.us--549115555--0.json', 'sender-key', '549115-1500@g.us::549115555::0'],
    ['sender-key-memory-549115-1500@g.us.json', 'sender-key-memory', '549115-1500@g.us'],
    ['lid-mapping-123_reverse.json', 'lid-mapping', '123_reverse'],
  ]
  for (const [file, type, id] of cases) expect(toKeyName(file)).toEqual({ type, id })
  expect([toKeyName('creds.json'), toKeyName('notes.txt'), toKeyName('pre-key-1.json.tmp')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
