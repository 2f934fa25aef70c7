import { hold } from '../../connector/sessions/hold.ts'
import { createApp } from '../../functions/app.ts'
import { serve } from '../embedded-mongo/main.ts'
export const parts = [hold, createApp, serve, process.env.PORT]
