import { push } from '../relay/push.ts' // breaks: sessions-apart
import { deliver } from '../webhooks/deliver.ts' // breaks: sessions-apart
import type { WAMessage } from '@whiskeysockets/baileys' // breaks: baileys
export type { WASocket } from '@whiskeysockets/baileys/lib/Types/index.js' // breaks: baileys
export type Event = import('@whiskeysockets/baileys').BaileysEventMap // breaks: baileys
export const parts = (message: WAMessage) => [push, deliver, message]
