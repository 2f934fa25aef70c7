import { push } from './relay/push.ts'
import { hold } from './sessions/hold.ts'
import { deliver } from './webhooks/deliver.ts'
import { border } from './whatsapp/border.ts'
export const parts = [push, hold, deliver, border, process.env.PORT]
