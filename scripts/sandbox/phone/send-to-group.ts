// A pretend phone writes to a group: sealed once for all, and the key for it to every device that has not got it yet.
// When somebody who has the key is no longer there, a new one is made.
import { type BinaryNode, proto } from '@whiskeysockets/baileys'
import type { Address, Group } from '../records.ts'
import { node } from '../server/nodes.ts'
import { encryptFor } from './encrypt-for.ts'
import type { Sealable } from './signal.ts'
import type { Worker } from './worker.ts'

const nameOf = ({ phone, device }: Address): string => `${phone}:${device}`

/** The parts of the stanza. Only inside the worker's queue; the caller stores what changed. */
export const encryptForGroup = async (
  worker: Worker,
  group: { id: string; members: readonly Pick<Group['members'][number], 'phone'>[] },
  message: Sealable,
): Promise<BinaryNode[]> => {
  const { exchange, self, signal } = worker
  const { directory } = exchange
  const own = directory.jid(self, 'lid')
  const devices = group.members
    .flatMap(({ phone }) => directory.devices(phone))
    .filter((device) => nameOf(device) !== nameOf(self))
  const present = new Set(devices.map(nameOf))
  if (signal.keyHolders(group.id).some((holder) => !present.has(holder))) signal.renewGroupKey(group.id, own)
  const { ciphertext, distribution } = await signal.encryptForGroup(group.id, own, message)
  const holders = new Set(signal.keyHolders(group.id))
  const key: proto.IMessage = {
    senderKeyDistributionMessage: { groupId: group.id, axolotlSenderKeyDistributionMessage: distribution },
  }
  const copies: BinaryNode[] = []
  for (const device of devices) {
    if (holders.has(nameOf(device))) continue
    const enc = await encryptFor(worker, device, key)
    if (!enc) continue
    copies.push(node('to', { jid: directory.jid(device, 'lid') }, [enc]))
    holders.add(nameOf(device))
  }
  signal.setKeyHolders(group.id, [...holders])
  return [
    ...(copies.length > 0 ? [node('participants', {}, copies)] : []),
    node('enc', { v: 2, type: 'skmsg' }, ciphertext),
  ]
}
