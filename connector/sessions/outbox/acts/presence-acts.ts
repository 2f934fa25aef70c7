// Whether we are there, and who is.
import { done, type Acts } from './act.ts'

export const presenceActs: Acts<'presence.set' | 'presence.subscribe'> = {
  'presence.set': async (context, command) => {
    await context.connection.sending.presence(command.payload.state)
    return done
  },
  'presence.subscribe': async (context, command) => {
    await context.connection.sending.subscribePresence(command.payload.chatId)
    return done
  },
}
