// Removes everything a session owned, in batches; cut short, it goes on where it stopped.
import type { Store } from '../../shared/store/open-store.ts'

const batch = 1_000
/** Files go one by one, with their bytes. */
const mediaBatch = 100

/** The fence rows of the key log and the stream's last number stay: numbers never restart. */
export async function deleteSession(store: Store, sessionId: string): Promise<void> {
  while ((await store.messages.removeSome(sessionId, batch)) === batch);
  while ((await store.media.removeSome(sessionId, mediaBatch)) === mediaBatch);
  await store.chats.removeAll(sessionId)
  await store.contacts.removeAll(sessionId)
  await store.groups.removeAll(sessionId)
  await store.channels.removeAll(sessionId)
  await store.labels.removeAll(sessionId)
  await store.calls.removeAll(sessionId)
  await store.earlyMarks.removeAll(sessionId)
  await store.commands.removeAll(sessionId)
  await store.batches.removeAll(sessionId)
  await store.events.removeAll(sessionId)
  await store.events.appendOnce(sessionId, [{ type: 'session.deleted', data: { sessionId } }])
  await store.sessions.remove(sessionId)
  await store.leases.remove(sessionId)
}
