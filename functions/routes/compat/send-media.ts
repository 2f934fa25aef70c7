// POST /whatsapp/message/send/media: said clearly instead of a 404. Media comes with support for media.
import { Problem } from '../../../shared/model/problem.ts'
import type { Api } from '../../deps.ts'
import { defaultSessionOperation } from './default-session.ts'

export const sendCompatMedia = (api: Api) =>
  defaultSessionOperation(api, { scope: 'messages.write' }, () => {
    throw new Problem('request.invalid', {
      detail: 'This server sends text only; media comes with a later version',
      errors: [{ path: 'mediaUrl', message: 'media cannot be sent yet' }],
    })
  })
