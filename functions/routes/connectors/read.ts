// GET /v1/connectors/{connectorId}: one connector process, and how far it is with letting its sessions go.
import { toConnectorView } from '../../../shared/model/connector.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { connectorOperation } from '../../operation.ts'

export const readConnector = (api: Api) =>
  connectorOperation(api, { scope: 'connectors.read' }, async (c, { connectorId }) => {
    const connector = await api.store.connectors.read(connectorId)
    if (!connector) throw new Problem('connector.not_found')
    return c.json(toConnectorView(connector))
  })
