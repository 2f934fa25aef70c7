// POST /whatsapp/session/disconnect: logs out and wipes the keys. Document 2.
import * as v from 'valibot'
import type { Api } from '../../deps.ts'
import { wishFor } from '../sessions/wish.ts'
import { defaultSessionOperation } from './default-session.ts'

const Nothing = v.strictObject({})

export const disconnectDefault = (api: Api) =>
  defaultSessionOperation(api, { scope: 'sessions.write', body: Nothing }, async (c, { sessionId }) => {
    await wishFor(api, sessionId, 'logout')
    return c.json({ message: 'The session is being logged out' }, 200)
  })
