// What the form of settings cannot say: an address that must not be called.
import { Problem } from '../../../shared/model/problem.ts'
import { findSettingFaults, type SessionSettings } from '../../../shared/model/session.ts'
import type { Api } from '../../deps.ts'

/** Throws `request.invalid`. */
export function refuseSettings(api: Api, settings: Pick<SessionSettings, 'proxyUrl'> = {}): void {
  const errors = findSettingFaults(settings, { allowPrivate: api.deps.settings.ALLOW_PRIVATE_ADDRESSES })
  if (errors.length > 0) throw new Problem('request.invalid', { errors })
}
