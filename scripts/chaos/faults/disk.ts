// The disk under MongoDB is full for a while.
import { setTimeout as pause } from 'node:timers/promises'
import type { Strike } from './strike.ts'

export const fillDisk: Strike = async ({ site }, { lastsMs }) => {
  if (!site.disk) return false
  site.disk.fill()
  await pause(lastsMs)
  site.disk.free()
  return true
}
