import { Message } from '../../shared/model/message.ts' // breaks: sandbox-alone
import { start } from '../start/main.ts' // breaks: sandbox-alone
import { hold } from '../../connector/sessions/hold.ts' // breaks: sandbox-alone
export const parts = [Message, start, hold]
