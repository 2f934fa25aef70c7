import { Hono } from 'hono'
import { Session } from '../shared/model/session.ts'
export const createApp = () => [new Hono(), Session]
