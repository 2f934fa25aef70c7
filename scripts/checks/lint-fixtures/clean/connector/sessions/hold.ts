import { setTimeout as sleep } from 'node:timers/promises'
import { Session } from '../../shared/model/session.ts'
import type { Border } from '../whatsapp/border.ts'
const { argv } = process
export const hold = (border: Border) => [sleep, Session, border, argv]
