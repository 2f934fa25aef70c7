import { request } from 'undici' // breaks: undici
import { hold } from '../sessions/lease.ts' // breaks: relay-apart
import { deliver } from '../webhooks/sign.ts' // breaks: relay-apart
import type { ChangeStream } from 'mongodb' // breaks: mongodb
export const parts = (stream: ChangeStream) => [hold, deliver, stream, request]
