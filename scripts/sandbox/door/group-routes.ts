// Groups in the hands of pretend phones: made, changed, joined and left as in the app.
import type { Context, Hono } from 'hono'
import type { Group } from '../records.ts'
import { createGroupBook } from '../server/groups/group-book.ts'
import { changeMembers, createGroup, leaveGroup } from '../server/groups/members.ts'
import { decideRequests, joinByInvite, withdrawRequest } from '../server/groups/requests.ts'
import { changeSetting, type SettingWish } from '../server/groups/settings.ts'
import { Refusal } from '../server/refusal.ts'
import type { DoorDeps } from './deps.ts'
import { ChangeMembers, DecideRequests, GroupAdd, JoinGroup, NewGroup, SetGroup, ShownAs } from './group-schemas.ts'
import { phoneOf } from './phone-routes.ts'
import { readBody } from './read-input.ts'

const refuse = (code: number): never => {
  if (code === 404) throw new Refusal(404, 'group.not_found', 'There is no such group, request or invite.')
  throw new Refusal(409, 'group.refused', `The server refuses it (${code}).`)
}
const done = <T>(outcome: T | number): T => (typeof outcome === 'number' ? refuse(outcome) : outcome)

export const addGroupRoutes = (app: Hono, { exchange, phones }: DoorDeps): void => {
  const { store, directory } = exchange
  const book = createGroupBook(exchange)

  const asked = (given: readonly string[]) =>
    given.map((one) => {
      const jid = one.includes('@') ? one : `${one.replace(/\D/g, '')}@s.whatsapp.net`
      return { jid, phone: directory.resolve(jid)?.phone }
    })
  const one = (given: string): string => {
    const [found] = asked([given])
    if (!found?.phone) throw new Refusal(404, 'phone.not_found', `There is no phone ${given}.`)
    return found.phone
  }
  const groupOf = (c: Context): Group => book.get(c.req.param('group')) ?? refuse(404)

  app.post('/groups', async (c) => {
    const { owner, subject, participants } = await readBody(c, NewGroup)
    const { group, outcomes } = createGroup(book, one(owner), subject, asked(participants))
    return c.json({ group, outcomes }, 201)
  })
  app.get('/groups', (c) => c.json({ data: store.groups.all().map((id) => store.groups.get(id)), nextCursor: null }))
  app.get('/groups/:group', (c) => c.json(groupOf(c)))

  app.post('/groups/:group/participants', async (c) => {
    const { by, action, participants } = await readBody(c, ChangeMembers)
    return c.json({ outcomes: done(changeMembers(book, one(by), groupOf(c).id, action, asked(participants))) })
  })
  app.patch('/groups/:group', async (c) => {
    const { by, ...wanted } = await readBody(c, SetGroup)
    const wishes: SettingWish[] = []
    if (wanted.subject !== undefined) wishes.push({ kind: 'subject', subject: wanted.subject })
    if (wanted.description !== undefined) wishes.push({ kind: 'description', body: wanted.description })
    if (wanted.ephemeralSeconds !== undefined) wishes.push({ kind: 'ephemeral', seconds: wanted.ephemeralSeconds })
    if (wanted.memberAddMode !== undefined) wishes.push({ kind: 'memberAddMode', mode: wanted.memberAddMode })
    if (wanted.newInvite) wishes.push({ kind: 'newInvite' })
    for (const kind of ['announce', 'locked', 'joinApproval'] as const) {
      const on = wanted[kind]
      if (on !== undefined) wishes.push({ kind, on })
    }
    for (const wish of wishes) done(changeSetting(book, one(by), groupOf(c).id, wish))
    return c.json(groupOf(c))
  })
  app.post('/groups/:group/leave', async (c) => {
    const { phone } = await readBody(c, JoinGroup)
    const refusal = leaveGroup(book, one(phone), groupOf(c).id)
    return refusal === undefined ? c.body(null, 204) : refuse(refusal)
  })
  app.post('/groups/join', async (c) => {
    const { phone, code = '' } = await readBody(c, JoinGroup)
    const { group, outcome } = done(joinByInvite(book, one(phone), code))
    return c.json({ group: group.id, outcome })
  })
  app.post('/groups/:group/requests', async (c) => {
    const { by, action, participants } = await readBody(c, DecideRequests)
    return c.json({ outcomes: done(decideRequests(book, one(by), groupOf(c).id, action, asked(participants))) })
  })
  app.post('/groups/:group/withdraw', async (c) => {
    const { phone } = await readBody(c, JoinGroup)
    const refusal = withdrawRequest(book, one(phone), groupOf(c).id)
    return refusal === undefined ? c.body(null, 204) : refuse(refusal)
  })
  app.put('/phones/:phone/shown-as', async (c) => {
    const { record } = phones.get(phoneOf(c))
    const { as } = await readBody(c, ShownAs)
    const { shownAs: _before, ...rest } = record
    exchange.savePhone(as === 'both' ? rest : { ...rest, shownAs: as })
    return c.body(null, 204)
  })
  app.put('/phones/:phone/group-add', async (c) => {
    const { record } = phones.get(phoneOf(c))
    const { allowed } = await readBody(c, GroupAdd)
    const { refusesGroups: _before, ...rest } = record
    exchange.savePhone(allowed ? rest : { ...rest, refusesGroups: true })
    return c.body(null, 204)
  })
}
