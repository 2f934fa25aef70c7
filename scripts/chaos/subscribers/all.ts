// Everyone who follows the feed through a run.
import { sessionName } from '../cast.ts'
import { openSocketReader } from './socket-reader.ts'
import type { Subscriber } from './subscriber.ts'
import { openWebhook } from './webhook.ts'

export const subscribers: readonly Subscriber[] = [
  (site) => openSocketReader(site, { name: 'a reader that stays', urls: () => site.socketUrls().slice(0, 1) }),
  (site, random) =>
    openSocketReader(site, {
      name: 'a reader that comes and goes',
      urls: () => site.socketUrls(),
      framesPerVisit: () => random.between(1, 30),
    }),
  (site) => openWebhook(site, { name: 'a webhook in order', hook: 'in-order', order: 'session' }),
  (site) =>
    openWebhook(site, {
      name: 'a webhook of one session',
      hook: 'in-parallel',
      order: 'parallel',
      wants: { session: sessionName(1), types: 'message.' },
    }),
]
