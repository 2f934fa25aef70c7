import { createServer } from 'node:http'
import { createApp } from '../app.ts'
export const parts = [createServer, createApp, process.env.PORT]
