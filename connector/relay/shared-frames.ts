// What many readers are told alike is put together once, as bytes. Readers that were told the same since their last frame, in
// the same words, stand on the same story; its frame is made by the first that flushes.
import type { StoredEvent } from '../../shared/model/event.ts'
import { encodeEvent } from '../../shared/feed/encode-event.ts'
import { lastOf, type Run } from '../../shared/feed/runs.ts'
import type { FrameId } from './frames.ts'

export type Story = {
  /** The story with this run told as well; the same story when nothing of it is for this reader. */
  and(run: Run): Story
  /** One `events` frame with everything in it; `undefined` while nothing was told. */
  frame(): Buffer | undefined
}

export type StoryTeller = {
  /** Readers with the same id and types begin with the same story, within one turn of the event loop. */
  begin(id: FrameId, types: readonly string[] | undefined, matches: (type: string) => boolean): Story
}

export function createStoryTeller(): StoryTeller {
  const begun = new Map<string, Story>()
  return {
    begin(id, types, matches) {
      const key = JSON.stringify([id ?? null, types ?? null])
      const known = begun.get(key)
      if (known) return known
      // Next turn's readers begin anew, so that no story outlives those who are in it.
      if (begun.size === 0) setImmediate(() => begun.clear())
      const story = createStory(id, matches)
      begun.set(key, story)
      return story
    },
  }
}

type Told = { before: Told | undefined; run: Run; events: readonly StoredEvent[] }

function createStory(id: FrameId, matches: (type: string) => boolean, told?: Told): Story {
  const continued = new Map<Run, Story>()
  let bytes: Buffer | undefined
  const story: Story = {
    and(run) {
      const known = continued.get(run)
      if (known) return known
      const events = run.filter((event) => matches(event.type))
      const next = events.length === 0 ? story : createStory(id, matches, { before: told, run, events })
      continued.set(run, next)
      return next
    },
    frame() {
      if (told) bytes ??= Buffer.from(toText(id, told))
      return bytes
    },
  }
  return story
}

function toText(id: FrameId, last: Told): string {
  const inOrder: Told[] = []
  for (let told: Told | undefined = last; told; told = told.before) inOrder.push(told)
  inOrder.reverse()
  const at = JSON.stringify(Object.fromEntries(inOrder.map(({ run }) => [run[0].stream, lastOf(run).seq])))
  const events = inOrder.flatMap((told) => told.events.map(encodeEvent)).join(',')
  return `{"op":"events",${id === undefined ? '' : `"id":${JSON.stringify(id)},`}"at":${at},"events":[${events}]}`
}
