// What is asked of a webhook, checked beyond its form: the address, and the streams it may deliver.
import { findUrlFault } from '../../../shared/model/outside-url.ts'
import { Problem } from '../../../shared/model/problem.ts'
import { mayDeliver } from '../../../shared/model/webhook.ts'
import type { SessionLimit } from '../../../shared/model/api-key.ts'
import { teamStream } from '../../../shared/model/event.ts'
import type { Api } from '../../deps.ts'

/** Throws `request.invalid`. */
export function checkUrl(api: Api, url: string | undefined): void {
  if (url === undefined) return
  const fault = findUrlFault(url, { allowPrivate: api.deps.settings.ALLOW_PRIVATE_ADDRESSES })
  if (fault !== undefined) throw new Problem('request.invalid', { errors: [{ path: 'url', message: fault }] })
}

/** Throws `session.not_found` for a stream that is not there, or not inside the limit. */
export async function checkStreams(
  api: Api,
  streams: readonly string[] | undefined,
  limits: readonly SessionLimit[],
): Promise<void> {
  for (const stream of streams ?? []) {
    if (stream === '*') continue
    if (!limits.every((limit) => mayDeliver(limit, stream))) throw new Problem('session.not_found')
    if (stream !== teamStream) await api.sessions.mustExist(stream)
  }
}
