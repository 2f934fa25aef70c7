// libsignal runs every step on an address in a queue that the whole process shares (6.0.0, src/queue_job.js): two sessions with
// one contact stand in one queue, and a step then runs in the other session's asynchronous context, outside its own transaction
// (observed 2026-11: ratchets stored without their message, wrong guesses not undone), after waiting for the other's database.
// Each session has a mutex of its own for all of Signal, so the queue is taken out. Imported before Baileys, for this effect.
import { createRequire } from 'node:module'

const ofBaileys = createRequire(createRequire(import.meta.url).resolve('@whiskeysockets/baileys'))
const queuePath = ofBaileys.resolve('libsignal/src/queue_job.js')
const runAtOnce = <T>(_address: unknown, work: () => Promise<T>): Promise<T> => work()

if (ofBaileys.cache[ofBaileys.resolve('libsignal/src/session_cipher.js')])
  throw new Error('libsignal was loaded before its queue could be taken out: import this file first')
ofBaileys(queuePath)
ofBaileys.cache[queuePath]!.exports = runAtOnce
