import { expect, test } from 'vitest'
import { Problem } from './problem.ts'
import { parseSettings } from './settings.ts'

function sentenceOf(env: Record<string, string>, needed: 'MONGODB_URI'[] = []): string {
  try {
    parseSettings(env, needed)
  } catch (error) {
    if (error instanceof Problem) return error.message
  }
  return 'fine'
}

test.each([
  ['PORT', 'eighty', 'PORT must be a whole number from 0 to 65535'],
  ['PORT', '70000', 'PORT must be a whole number from 0 to 65535'],
  ['CONNECTOR_PORT', '-1', 'CONNECTOR_PORT must be a whole number from 0 to 65535'],
  ['LEASE_TTL_MS', '5', 'LEASE_TTL_MS must be a whole number from 1000 to 600000'],
  ['SANDBOX_URL', 'hidden', 'SANDBOX_URL must be an address that begins with http:// or https://'],
  ['SANDBOX_URL', 'ftp://hidden', 'SANDBOX_URL must be an address that begins with http:// or https://'],
  ['WHATSAPP_URL', 'http://hidden', 'WHATSAPP_URL must be an address that begins with ws:// or wss://'],
  ['MONGODB_URI', 'http://hidden', 'MONGODB_URI must begin with mongodb:// or mongodb+srv://'],
  ['MONGODB_DB', 'hid den', 'MONGODB_DB must be 1 to 38 of A-Z a-z 0-9 _ -'],
  ['DEFAULT_SESSION_ID', 'hid den', 'DEFAULT_SESSION_ID must be 1 to 64 of A-Z a-z 0-9 _ -'],
  ['SANDBOX', 'hidden', 'SANDBOX must be on or off'],
  ['TRUST_PROXY', 'hidden', 'TRUST_PROXY must be on or off'],
  ['LOG_LEVEL', 'hidden', 'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent'],
  ['LOG_FORMAT', 'hidden', 'LOG_FORMAT must be one of json, pretty'],
  ['SECRET_KEY', 'hidden', 'SECRET_KEY must be 32 bytes in base64 (openssl rand -base64 32)'],
  ['ADMIN_API_KEY', 'hidden', 'ADMIN_API_KEY must have at least 24 characters'],
  ['CONNECTOR_ROLES', 'relay,telepathy', 'CONNECTOR_ROLES: telepathy is not one of sessions, relay, webhooks, jobs'],
  ['CONNECTOR_ROLES', 'hidden=1', 'CONNECTOR_ROLES: what it names is not one of sessions, relay, webhooks, jobs'],
  ['CONNECTOR_ROLES', ' , ', 'CONNECTOR_ROLES must name at least one of sessions, relay, webhooks, jobs'],
])('a bad %s (%s) is said in words a person can act on', (name, value, sentence) => {
  expect(sentenceOf({ [name]: value })).toBe(`Bad settings: ${sentence}`)
})

test('all bad settings are named at once, what is missing among them', () => {
  expect(sentenceOf({ PORT: 'x', SANDBOX: 'maybe', NODE_ENV: 'production' }, ['MONGODB_URI'])).toBe(
    'Bad settings: PORT must be a whole number from 0 to 65535; SANDBOX must be on or off; ' +
      'SECRET_KEY is required when NODE_ENV=production; MONGODB_URI is needed by a process of its own',
  )
})

test('an empty setting is an absent one, and what is no setting is nobody’s fault', () => {
  expect(parseSettings({ PORT: '', constructor: 'x' })).toEqual(parseSettings({}))
  expect(parseSettings({ CONNECTOR_ROLES: 'relay, jobs,' }).CONNECTOR_ROLES).toEqual(['relay', 'jobs'])
})
