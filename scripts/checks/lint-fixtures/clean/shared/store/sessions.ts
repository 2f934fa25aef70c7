import { createHash } from 'node:crypto'
import type { Db } from 'mongodb'
import * as v from 'valibot'
import { Session } from '../model/session.ts'
export const parts = (db: Db) => [createHash, db, v, Session]
