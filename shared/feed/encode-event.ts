// An event is encoded once per process, however many sockets it goes to.
import { toEventView, type StoredEvent } from '../model/event.ts'

const encoded = new WeakMap<StoredEvent, string>()

export function encodeEvent(event: StoredEvent): string {
  let text = encoded.get(event)
  if (text === undefined) encoded.set(event, (text = JSON.stringify(toEventView(event))))
  return text
}
