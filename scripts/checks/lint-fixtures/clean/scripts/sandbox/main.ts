import { generateKey } from 'node:crypto'
import { proto } from '@whiskeysockets/baileys'
import { phone } from './phone.ts'
export const parts = [generateKey, proto, phone, process.env.SANDBOX_PORT]
