import { push } from '../relay/push.ts' // breaks: outside-alone
import { deliver } from '../webhooks/deliver.ts' // breaks: outside-alone
export const parts = [push, deliver]
