import type { WASocket } from '@whiskeysockets/baileys' // breaks: baileys
export const start = (socket: WASocket) => socket
