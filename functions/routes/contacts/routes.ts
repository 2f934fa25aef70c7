// People.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { checkContacts } from './check.ts'
import { listContacts } from './list.ts'
import { readContact } from './read.ts'

export const contactsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/sessions/:sessionId/contacts', listContacts(api))
    .post('/v1/sessions/:sessionId/contacts/check', checkContacts(api))
    .get('/v1/sessions/:sessionId/contacts/:contactId', readContact(api))
