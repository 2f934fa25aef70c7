// Whether an event is one that a subscriber asked for and may see.
import type { ShownEvent, SubscriberRecord } from './record.ts'

export function isWanted(wants: SubscriberRecord['wants'], event: Pick<ShownEvent, 'stream' | 'type'>): boolean {
  return wants === undefined || (event.stream === wants.session && event.type.startsWith(wants.types))
}
