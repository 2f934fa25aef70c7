// PUT and DELETE …/profile/picture and …/groups/{groupId}/picture: a file of ours becomes the picture, or it goes.
import * as v from 'valibot'
import type { Actor } from '../../../shared/model/api-key.ts'
import { FileId } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { answerOrder } from '../../answer-order.ts'
import type { Api } from '../../deps.ts'
import { sessionOperation, type AppContext } from '../../operation.ts'
import { giveOrder } from '../../order.ts'
import { WaitQuery } from '../../request/wait.ts'
import { findGroup } from '../groups/find-group.ts'
import { findFile } from '../media/find-file.ts'

const SetPicture = v.strictObject({ fileId: FileId })
/** What the connector can make a picture of. */
const pictureTypes = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif'])

type Whose = 'own' | 'group'
const scopeOf = (whose: Whose) => (whose === 'own' ? 'sessions.write' : 'groups.write')

/** The group's id, when it is a group's. Throws `session.not_found`, `group.not_found`. */
async function groupIn(api: Api, c: AppContext, sessionId: string, whose: Whose): Promise<{ groupId?: string }> {
  await api.sessions.mustExist(sessionId)
  if (whose === 'own') return {}
  return { groupId: (await findGroup(api, sessionId, c.req.param('groupId') ?? '')).groupId }
}

/** Throws `media.not_found`, `media.unsupported`. */
export async function findPicture(api: Api, actor: Actor, fileId: string): Promise<void> {
  const file = await findFile(api, actor, fileId, 'messages.write')
  if (!pictureTypes.has(file.mimetype))
    throw new Problem('media.unsupported', { detail: 'A picture is JPEG, PNG, WebP or GIF' })
}

export const setPicture = (api: Api, whose: Whose) =>
  sessionOperation(
    api,
    { scope: scopeOf(whose), body: SetPicture, query: WaitQuery },
    async (c, { actor, sessionId, body, query }) => {
      const group = await groupIn(api, c, sessionId, whose)
      await findPicture(api, actor, body.fileId)
      const payload = { ...group, fileId: body.fileId }
      const order = { actor, sessionId, kind: 'picture.set' as const, lane: group.groupId ?? 'profile', payload, body }
      return answerOrder(c, await giveOrder(api, c, { ...order, wait: query.wait }), { sessionId })
    },
  )

export const removePicture = (api: Api, whose: Whose) =>
  sessionOperation(api, { scope: scopeOf(whose), query: WaitQuery }, async (c, { actor, sessionId, query }) => {
    const payload = await groupIn(api, c, sessionId, whose)
    const lane = payload.groupId ?? 'profile'
    const order = { actor, sessionId, kind: 'picture.set' as const, lane, payload, body: {}, wait: query.wait }
    return answerOrder(c, await giveOrder(api, c, order), { sessionId })
  })
