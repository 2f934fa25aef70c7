import type { WASocket } from '@whiskeysockets/baileys'
export type Border = WASocket
export const border = () => import('@whiskeysockets/baileys')
