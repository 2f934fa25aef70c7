// Where a reader begins, by the cursor it brings: one number per stream.
import type { EventStore } from '../store/events.ts'

export type StartingPlaces = {
  place: Map<string, number>
  /** Streams whose given number is older than what is kept; their place here is where what is kept begins. */
  tooOld: string[]
  /** Streams whose given number was never reached. */
  beyond: string[]
}

/** `after` absent: live from now. Present: a stream missing from it is played from its first event that is kept. */
export async function findStartingPlaces(
  events: Pick<EventStore, 'headsOf' | 'oldest'>,
  streams: readonly string[],
  after: ReadonlyMap<string, number> | undefined,
): Promise<StartingPlaces> {
  const heads = await events.headsOf(streams)
  const place = new Map<string, number>(heads)
  const tooOld: string[] = []
  const beyond: string[] = []
  if (after) {
    for (const stream of streams) {
      const head = heads.get(stream) ?? 0
      const given = after.get(stream)
      if (given !== undefined && given > head) beyond.push(stream)
      else if ((given ?? 0) < head) {
        const oldest = (await events.oldest(stream)) ?? head + 1
        const isTooOld = given !== undefined && oldest > given + 1
        if (isTooOld) tooOld.push(stream)
        place.set(stream, given === undefined || isTooOld ? Math.max(0, oldest - 1) : given)
      } else place.set(stream, given ?? 0)
    }
  }
  return { place, tooOld, beyond }
}
