// A crash between a mapping's commit and its contact is made good at the next start, and only then.
import { expect, test } from 'vitest'
import type { Fact } from '../whatsapp/facts.ts'
import type { Held } from './connect-once.ts'
import { createPeopleMark } from './reconcile-people.ts'

/** A session's keys, and what its recorder was told. */
function open(mappings: Map<string, unknown>) {
  const told: Fact[] = []
  let mark: string | undefined
  const people = createPeopleMark({
    keyStore: { memory: { entries: () => mappings.entries() } },
    recorder: { record: ({ fact }: { fact: Fact }) => void told.push(fact), idle: () => Promise.resolve() },
    reporter: { report: (patch: { peopleMark?: string }) => Promise.resolve(void (mark = patch.peopleMark)) },
  } as unknown as Held)
  const jids = () => told.flatMap((fact) => (fact.kind === 'contacts' ? fact.contacts.map((one) => one.jids) : []))
  return { people, jids, mark: () => mark }
}

test('pairs that nobody was told of are told at the next start; those that were, never again', async () => {
  const mappings = new Map<string, unknown>([
    ['15550000001', '77'],
    ['77_reverse', '15550000001'],
  ])
  const crashed = open(mappings)
  crashed.people.reconcile(undefined)
  const pair = ['77@lid', '15550000001@s.whatsapp.net']
  expect(crashed.jids(), 'what the crashed owner did not tell').toEqual([pair])
  await crashed.people.leave()

  const next = open(mappings)
  next.people.reconcile(crashed.mark())
  expect(next.jids()).toEqual([])
  mappings.set('88_reverse', '15550000002')
  const later = open(mappings)
  later.people.reconcile(crashed.mark())
  expect(later.jids()).toHaveLength(2)
})
