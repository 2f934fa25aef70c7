// GET /v1/sessions/{id}/groups/{groupId}: one group, with everybody in it.
import { toGroupView } from '../../../shared/model/group.ts'
import type { Api } from '../../deps.ts'
import { withBothAddresses } from '../../people.ts'
import { sessionOperation } from '../../operation.ts'
import { findGroup } from './find-group.ts'

export const readGroup = (api: Api) =>
  sessionOperation(api, { scope: 'groups.read' }, async (c, { sessionId }) => {
    await api.sessions.mustExist(sessionId)
    const group = await findGroup(api, sessionId, c.req.param('groupId'))
    return c.json(toGroupView({ ...group, members: await withBothAddresses(api, sessionId, group.members) }))
  })
