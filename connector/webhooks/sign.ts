// Standard Webhooks (https://www.standardwebhooks.com): what a receiver needs to know that it is us, and that it is new.
import { Webhook } from 'standardwebhooks'

/** One signature per secret, newest first: while a secret is being replaced, receivers with either one can verify. */
export function signHeaders(id: string, at: Date, body: string, secrets: readonly string[]): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  }
}
