// Clients that are connected but linked to no number yet: the QR references they were given and the pairing codes
// they announced. All of it lives as long as their socket.
import type { proto } from '@whiskeysockets/baileys'
import type { Connection } from '../server/connection.ts'

/** What a client says of itself before it is linked. */
export type Registration = {
  connection: Connection
  noisePublic: Buffer
  pairing: proto.ClientPayload.IDevicePairingRegistrationData
}
/** A client that asked to be linked with a code typed on the phone. */
export type CodeRequest = { registration: Registration; ref: Buffer; wrappedEphemeral: Buffer }
export type WaitingClients = ReturnType<typeof createWaitingClients>

export const createWaitingClients = () => {
  const registrations = new Map<Connection, Registration>()
  const refs = new Map<string, Registration>()
  const codes = new Map<string, CodeRequest>()
  const staleSecrets = new Set<string>()
  return {
    add: (registration: Registration, references: string[]) => {
      registrations.set(registration.connection, registration)
      for (const ref of references) refs.set(ref, registration)
    },
    remove: (connection: Connection) => {
      registrations.delete(connection)
      for (const [ref, { connection: owner }] of refs) if (owner === connection) refs.delete(ref)
      for (const [phone, { registration }] of codes) if (registration.connection === connection) codes.delete(phone)
    },
    connections: () => [...registrations.keys()],
    of: (connection: Connection) => registrations.get(connection),
    byRef: (ref: string) => refs.get(ref),
    requestCode: (phone: string, request: CodeRequest) => codes.set(phone, request),
    codeFor: (phone: string) => codes.get(phone),
    /** A QR that shows this secret is refused from now on: the client was told to make a new one. */
    refuseSecret: (secret: string) => staleSecrets.add(secret),
    isStale: (secret: string) => staleSecrets.has(secret),
  }
}
