// Whoever receives the webhooks: it fails, is slow, or is gone, for a while.
import { setTimeout as pause } from 'node:timers/promises'
import { hooks, tellReceiver, type Behaviour } from '../receiver/hooks.ts'
import type { Strike } from './strike.ts'

export const strikeReceiver =
  (how: Exclude<Behaviour, 'takes'>): Strike =>
  async ({ site: { receiver } }, { target, lastsMs }) => {
    const url = receiver.ready()['receiver'] ?? ''
    const hook = hooks[target % hooks.length] ?? 'in-order'
    if (!(await tellReceiver(url, hook, how))) return false
    await pause(lastsMs)
    // Killed meanwhile, it has begun anew by itself.
    await tellReceiver(url, hook, 'takes')
    return true
  }

export const killReceiver: Strike = ({ site }, { lastsMs }) => site.receiver.kill(lastsMs)
