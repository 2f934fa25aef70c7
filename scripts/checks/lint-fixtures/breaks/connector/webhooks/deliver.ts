import { hold } from '../sessions/lease.ts' // breaks: webhooks-apart
export * from '../relay/frame.ts' // breaks: webhooks-apart
export const parts = [hold]
