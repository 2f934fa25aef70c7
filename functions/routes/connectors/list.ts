// GET /v1/connectors: the connector processes, by id. A key that is limited to some sessions sees none.
import * as v from 'valibot'
import { mayUseConnectors } from '../../../shared/auth/authorize.ts'
import { toConnectorView } from '../../../shared/model/connector.ts'
import { PageQuery } from '../../../shared/model/page.ts'
import type { Api } from '../../deps.ts'
import { operation } from '../../operation.ts'

export const listConnectors = (api: Api) =>
  operation(
    api,
    { scope: 'connectors.read', query: v.strictObject(PageQuery.entries) },
    async (c, { actor, query }) => {
      if (mayUseConnectors(actor, 'connectors.read') !== 'allowed') return c.json({ data: [], nextCursor: null })
      const page = await api.store.connectors.page(query.limit, query.cursor)
      return c.json({ data: page.data.map(toConnectorView), nextCursor: page.nextCursor })
    },
  )
