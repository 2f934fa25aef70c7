// The picture of our own account, or of a group.
import { Problem } from '../../../../shared/model/problem.ts'
import { toProfilePicture } from '../../media/profile-picture.ts'
import { done, type Acts, type Outcome } from './act.ts'

const gone: Outcome = { outcome: 'failed', code: 'media.not_found', reason: 'The file is not there any more' }

export const pictureActs: Acts<'picture.set'> = {
  'picture.set': async ({ store, connection }, { payload: { groupId, fileId } }) => {
    const file = fileId === undefined ? undefined : await store.media.read(fileId)
    if (file === null) return gone
    try {
      await connection.account.setPicture(groupId, file && (await toProfilePicture(store.media, file)))
      return done
    } catch (error) {
      if (error instanceof Problem) return { outcome: 'failed', code: error.code, reason: error.message }
      const refusal = groupId === undefined ? undefined : toGroupRefusal(error)
      if (refusal) return refusal
      throw error
    }
  },
}

/** Baileys gives the code of the answer as the error's `data` (rc14, Socket/socket.js query). */
function toGroupRefusal(error: unknown): Outcome | undefined {
  const code = Number((error as { data?: unknown } | null)?.data)
  if (code === 404) return { outcome: 'failed', code: 'group.not_found', reason: 'There is no such group' }
  if (code === 401 || code === 403)
    return { outcome: 'failed', code: 'group.not_admin', reason: 'WhatsApp lets only admins do that' }
  return undefined
}
