// The file that a request speaks of: one's own upload, or a file of a session that one may use. Any other is not there.
import * as v from 'valibot'
import { mayUseSession } from '../../../shared/auth/authorize.ts'
import type { Actor, Scope } from '../../../shared/model/api-key.ts'
import { FileId, type MediaFile } from '../../../shared/model/media.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'

/** Throws `media.not_found`. */
export async function findFile(api: Api, actor: Actor, fileId: string | undefined, scope: Scope): Promise<MediaFile> {
  if (!v.is(FileId, fileId)) throw new Problem('media.not_found')
  const file = await api.store.media.read(fileId)
  if (!file || !mayUse(actor, file, scope)) throw new Problem('media.not_found')
  return file
}

function mayUse(actor: Actor, file: MediaFile, scope: Scope): boolean {
  if (file.sessionId !== undefined) return mayUseSession(actor, file.sessionId, scope) === 'allowed'
  const isAdministrator = actor.sessions === undefined && actor.scopes.includes('*')
  return file.actor === actor.id || isAdministrator
}
