// POST and DELETE /v1/connectors/{connectorId}/drain: a wish, which the process makes true; the same wish again changes nothing.
import * as v from 'valibot'
import { toConnectorView } from '../../../shared/model/connector.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { connectorOperation } from '../../operation.ts'

export const wishDrain = (api: Api, draining: boolean) =>
  connectorOperation(api, { scope: 'connectors.write', body: v.strictObject({}) }, async (c, { connectorId }) => {
    const connector = await api.store.connectors.wishDrain(connectorId, draining)
    if (!connector) throw new Problem('connector.not_found')
    return c.json(toConnectorView(connector), 202)
  })
