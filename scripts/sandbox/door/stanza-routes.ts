// Anything at all from the server to a phone's companions: what nobody has seen yet, and what nobody should send.
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Hono } from 'hono'
import type * as v from 'valibot'
import type { StanzaKind } from '../records.ts'
import { node } from '../server/nodes.ts'
import type { DoorDeps } from './deps.ts'
import { phoneOf } from './phone-routes.ts'
import { readBody } from './read-input.ts'
import { RawStanza } from './schemas.ts'

const QUEUED: ReadonlySet<string> = new Set<StanzaKind>(['message', 'receipt', 'notification'])
const isQueued = (tag: string): tag is StanzaKind => QUEUED.has(tag)

const toNode = ({ tag, attrs, content }: v.InferOutput<typeof RawStanza>): BinaryNode => {
  if (content === undefined) return node(tag, attrs)
  if (Array.isArray(content)) return node(tag, attrs, content.map(toNode))
  return node(tag, attrs, typeof content === 'string' ? Buffer.from(content) : Buffer.from(content.base64, 'base64'))
}

export const addStanzaRoutes = (app: Hono, { exchange, phones }: DoorDeps): void => {
  app.post('/phones/:phone/stanzas', async (c) => {
    const { record } = phones.get(phoneOf(c))
    const stanza = toNode(await readBody(c, RawStanza))
    const { tag } = stanza
    const companions = exchange.directory.devices(record.phone).filter(({ device }) => device !== 0)
    if (isQueued(tag)) exchange.transact(() => companions.forEach((to) => exchange.post(to, tag, stanza)))
    else for (const to of companions) exchange.online(to)?.send(stanza)
    return c.body(null, 204)
  })
}
