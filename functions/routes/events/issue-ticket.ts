// POST /v1/ws-tickets: what a browser opens the socket with, once, within a minute.
import * as v from 'valibot'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

const Nothing = v.strictObject({})

export const issueTicket = (api: Api) =>
  operation(api, { scope: 'events.read', body: Nothing }, async (c, { actor }) => {
    const { ticket, expiresAt } = await api.store.tickets.issue(actor.id)
    return c.json({ ticket, url: api.deps.relayUrl(c.req.raw), expiresAt }, 201)
  })
