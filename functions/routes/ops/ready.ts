// GET /ready: MongoDB answers and the change stream is alive. Open to anyone; asked often, it asks MongoDB once.
import type { Handler } from 'hono'
import { Problem } from '../../../shared/model/problem.ts'
import type { Api, AppEnv } from '../../deps.ts'

/** A stream shows a sign of life every second; silent for longer than this it is not alive, ms. */
const feedSilenceMs = 10_000

export const ready = (api: Api): Handler<AppEnv> => {
  const monotonicMs = api.deps.monotonicMs ?? (() => performance.now())
  let asking: Promise<void> | undefined
  return async (c) => {
    asking ??= api.store.ping().finally(() => (asking = undefined))
    try {
      await asking
    } catch (cause) {
      throw new Problem('store.unavailable', { cause })
    }
    const { feed } = api.deps
    if (feed && monotonicMs() - feed.progressAtMs() > feedSilenceMs)
      throw new Problem('store.unavailable', { detail: 'The change stream does not answer' })
    return c.json({ status: 'ready', mongodb: 'ok', changeStream: feed ? 'ok' : 'none' })
  }
}
