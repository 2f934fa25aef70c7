// Everyone who follows the feed through a run.
import { openSocketReader } from './socket-reader.ts'
import type { Subscriber } from './subscriber.ts'

export const subscribers: readonly Subscriber[] = [
  (site) => openSocketReader(site, { name: 'a reader that stays', urls: () => site.socketUrls().slice(0, 1) }),
  (site, random) =>
    openSocketReader(site, {
      name: 'a reader that comes and goes',
      urls: () => site.socketUrls(),
      framesPerVisit: () => random.between(1, 30),
    }),
]
