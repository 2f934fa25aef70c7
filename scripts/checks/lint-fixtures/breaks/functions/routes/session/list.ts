import { hold } from '../../../connector/sessions/hold.ts' // breaks: functions-alone
import type { Bench } from '../../../scripts/bench.ts' // breaks: functions-alone
import { createHash } from 'node:crypto' // breaks: functions-anywhere
import { proto } from '@whiskeysockets/baileys' // breaks: baileys
import type { Db } from 'mongodb' // breaks: mongodb
export const port = process.env.PORT // breaks: environment
export const list = (db: Db, bench: Bench) => [hold, createHash, proto, db, bench]
