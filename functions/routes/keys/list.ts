// GET /v1/api-keys: the keys that may do no more than the caller's, newest first. A page may be short, `nextCursor` decides.
import * as v from 'valibot'
import { toApiKeyView } from '../../../shared/model/api-key.ts'
import { isWithin } from '../../../shared/auth/authorize.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const listApiKeys = (api: Api) =>
  operation(api, { scope: 'keys.read', query: v.strictObject(PageQuery.entries) }, async (c, { actor, query }) => {
    const page = await api.store.apiKeys.page(query.limit, query.cursor)
    const visible = page.data.filter((key) => isWithin(actor, key))
    return c.json({ data: visible.map(toApiKeyView), nextCursor: page.nextCursor })
  })
