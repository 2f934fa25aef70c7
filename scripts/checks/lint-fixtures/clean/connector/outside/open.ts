import { Agent } from 'undici'
import { Session } from '../../shared/model/session.ts'
export const parts = [Agent, Session]
