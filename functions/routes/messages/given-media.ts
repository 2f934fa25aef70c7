// The file of a message that is to be sent: one that is here already, one in the body, which is stored first, or an
// address, which the session's owner fetches.
import type { Actor } from '../../../shared/model/api-key.ts'
import type { OutMedia } from '../../../shared/model/content.ts'
import { toFileName } from '../../../shared/model/file-name.ts'
import { findMediaFault } from '../../../shared/model/media-fit.ts'
import type { MediaFile } from '../../../shared/model/media.ts'
import type { SendMedia } from '../../../shared/model/send-media.ts'
import { findUrlFault } from '../../../shared/model/outside-url.ts'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { findFile } from '../media/find-file.ts'

export type TakenMedia = {
  content: OutMedia
  /** Takes back what was stored for it. */
  undo(): Promise<void>
}

/** Throws `media.*`; then nothing is stored. */
export async function takeMedia(
  api: Api,
  { actor, sessionId, body }: { actor: Actor; sessionId: string; body: SendMedia },
): Promise<TakenMedia> {
  const fileName = 'fileName' in body ? toFileName(body.fileName) : undefined
  const named = fileName === undefined ? {} : { fileName }
  const flags = {
    ...('caption' in body && body.caption !== undefined ? { caption: body.caption } : {}),
    ...('gif' in body && body.gif ? { gif: true as const } : {}),
    ...('videoNote' in body && body.videoNote ? { videoNote: true as const } : {}),
    ...('viewOnce' in body && body.viewOnce ? { viewOnce: true as const } : {}),
  }
  const { type, media } = body
  if (media.url !== undefined) {
    const fault = findUrlFault(media.url, { allowPrivate: api.deps.settings.ALLOW_PRIVATE_ADDRESSES })
    if (fault !== undefined) throw new Problem('media.url_forbidden', { detail: `media.url ${fault}` })
    return { content: { type, media: { url: media.url, ...named }, ...flags }, undo: async () => undefined }
  }
  const isGiven = media.base64 !== undefined
  const file = isGiven
    ? await store(api, sessionId, media.base64 ?? '', media.mimetype)
    : await findFile(api, actor, media.fileId, 'messages.read')
  const undo = async () => {
    if (isGiven) await api.store.media.remove(file._id)
  }
  const fault = findMediaFault(type, file, flags.gif)
  if (fault) {
    await undo()
    throw new Problem(fault.code, { detail: fault.detail })
  }
  return { content: { type, media: { ...toFacts(file), ...named }, ...flags }, undo }
}

async function store(api: Api, sessionId: string, base64: string, mimetype: string | undefined): Promise<MediaFile> {
  const bytes = Buffer.from(base64, 'base64')
  const source = (async function* () {
    yield bytes
  })()
  const maxBytes = api.deps.settings.MEDIA_MAX_MB * 1_048_576
  return api.store.media.write(source, { owner: { sessionId }, maxBytes, mimetype })
}

function toFacts({ _id, mimetype, size, sha256, fileName, width, height, seconds }: MediaFile) {
  return {
    fileId: _id,
    mimetype,
    size,
    sha256,
    ...(fileName === undefined ? {} : { fileName }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(seconds === undefined ? {} : { seconds }),
  }
}
