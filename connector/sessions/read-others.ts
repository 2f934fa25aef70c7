// The connectors as they stand now: what is asked of this one, who else takes sessions, and how many more.
import type { Connector } from '../../shared/model/connector.ts'
import type { Store } from '../../shared/store/open-store.ts'
import type { Room } from './share.ts'

export type Others = {
  /** This one was asked to let its sessions go; `undefined` when its document is not there. */
  isDraining: boolean | undefined
  /** Another one lets sessions go now. */
  isOtherMoving: boolean
  /** Awake, not draining, and of a kind that holds sessions. */
  taking: readonly Pick<Connector, '_id' | 'capacity'>[]
}

/** The dead are not among them: nothing is kept free for who does not come. */
export async function readOthers(store: Pick<Store, 'connectors'>, owner: string): Promise<Others> {
  const awake = await store.connectors.awake()
  const others = awake.filter((one) => one._id !== owner)
  return {
    isDraining: awake.find((one) => one._id === owner)?.draining,
    isOtherMoving: others.some((one) => one.draining && one.sessions > 0),
    taking: others.filter((one) => !one.draining && one.capacity > 0),
  }
}

/** Counted by the leases, since heartbeats are some seconds old. */
export async function readRooms(store: Pick<Store, 'leases'>, taking: Others['taking']): Promise<Room[]> {
  if (taking.length === 0) return []
  const held = await store.leases.countHeld(taking.map((one) => one._id))
  return taking.map(({ _id, capacity }) => ({ id: _id, room: Math.max(0, capacity - (held.get(_id) ?? 0)) }))
}
