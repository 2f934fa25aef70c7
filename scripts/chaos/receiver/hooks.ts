// What the receiver of a run and those who steer it agree on: its addresses, how each may behave, what it writes down.
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import type { WebhookPost } from '../audit/record.ts'
import { createHttp } from '../../demo/clients.ts'

/** Its addresses; each behaves as it is told, whatever the others do. */
export const hooks = ['in-order', 'in-parallel'] as const
export type Hook = (typeof hooks)[number]
export const Hook = v.picklist(hooks)

/** `hangs`: never answers. `refuses`: 500. `slow`: takes it late. `resets`: the connection. */
export const behaviours = ['takes', 'refuses', 'hangs', 'slow', 'resets'] as const
export type Behaviour = (typeof behaviours)[number]
export const Behaviour = v.picklist(behaviours)

/** A line of its journal, written before anything is answered: what it has acknowledged survives its death. */
export type JournalLine = WebhookPost & { hook: Hook }

/** `false` when the receiver is down. What hangs already is left hanging. */
export async function tellReceiver(url: string, hook: Hook, behaviour: Behaviour): Promise<boolean> {
  try {
    await createHttp(url)('PUT', `/behaviour/${hook}/${behaviour}`)
    return true
  } catch {
    return false
  }
}

/** In order of arrival; a line that a kill cut short was never acknowledged, and is left out. */
export function readJournal(path: string, hook: Hook): WebhookPost[] {
  const text = readFileSync(path, 'utf8')
  const posts: WebhookPost[] = []
  for (const line of text.split('\n')) {
    const read = parseLine(line)
    if (read?.hook !== hook) continue
    const { hook: _hook, ...post } = read
    posts.push(post)
  }
  return posts
}

function parseLine(line: string): JournalLine | undefined {
  try {
    return JSON.parse(line) as JournalLine
  } catch {
    return undefined
  }
}
