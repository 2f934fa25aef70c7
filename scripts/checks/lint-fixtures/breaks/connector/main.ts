import { createApp } from '../functions/app.ts' // breaks: connector-alone
import { start } from '../scripts/start/main.ts' // breaks: connector-alone
export const parts = [createApp, start]
