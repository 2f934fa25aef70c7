// People.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { readAbout, readPicture } from './ask.ts'
import { blockContact, readBlocklist } from './block.ts'
import { checkContacts } from './check.ts'
import { findLid, readLid } from './lids.ts'
import { listContacts } from './list.ts'
import { readContact } from './read.ts'

export const contactsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get('/v1/sessions/:sessionId/contacts', listContacts(api))
    .post('/v1/sessions/:sessionId/contacts/check', checkContacts(api))
    .get('/v1/sessions/:sessionId/contacts/:contactId', readContact(api))
    .get('/v1/sessions/:sessionId/contacts/:contactId/about', readAbout(api))
    .get('/v1/sessions/:sessionId/contacts/:contactId/picture', readPicture(api))
    .put('/v1/sessions/:sessionId/contacts/:contactId/block', blockContact(api, true))
    .delete('/v1/sessions/:sessionId/contacts/:contactId/block', blockContact(api, false))
    .get('/v1/sessions/:sessionId/blocklist', readBlocklist(api))
    .get('/v1/sessions/:sessionId/lids', findLid(api))
    .get('/v1/sessions/:sessionId/lids/:lid', readLid(api))
