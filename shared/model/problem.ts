// The one way we fail: a coded error that knows its HTTP status, whether a retry helps and what may be said in public.

/** One fault of the input: `path` is dotted (`settings.pace.perMinute`), `message` never repeats a secret. */
export type FieldFault = { path: string; message: string }

/** Status and retry advice per code. Codes are `noun.problem` and are never renamed. */
const table = {
  'request.invalid': { status: 422, title: 'The request is not valid', retryable: false },
  'request.malformed': { status: 400, title: 'The body is not JSON', retryable: false },
  'request.too_large': { status: 413, title: 'The body is too large', retryable: false },
  'request.unsupported_media_type': { status: 415, title: 'The body must be JSON', retryable: false },
  'request.timeout': { status: 504, title: 'It took too long', retryable: true },
  'route.not_found': { status: 404, title: 'There is no such route', retryable: false },
  'route.method_not_allowed': { status: 405, title: 'This route knows other methods', retryable: false },
  'auth.missing': { status: 401, title: 'An API key is needed', retryable: false },
  'auth.invalid': { status: 401, title: 'The API key is not valid', retryable: false },
  'auth.forbidden': { status: 403, title: 'This key may not do that', retryable: false },
  'rate.limited': { status: 429, title: 'Too many requests', retryable: true },
  'session.not_found': { status: 404, title: 'There is no such session', retryable: false },
  'session.exists': { status: 409, title: 'A session with this id exists', retryable: false },
  'session.already_linked': { status: 409, title: 'The session is linked already', retryable: false },
  'session.not_linked': { status: 409, title: 'The session is not linked to a phone', retryable: false },
  'session.deleting': { status: 409, title: 'The session is being deleted', retryable: false },
  'session.sandbox_off': { status: 409, title: 'There is no sandbox here', retryable: false },
  'session.running': { status: 409, title: 'The session must be stopped first', retryable: true },
  'session.moved': { status: 409, title: 'The session was moved elsewhere', retryable: false },
  'session.exists_elsewhere': { status: 409, title: 'This link is held by another session', retryable: false },
  'bundle.invalid': { status: 422, title: 'The bundle cannot be opened with this passphrase', retryable: false },
  'bundle.unsupported': { status: 422, title: 'The bundle has a version that is not known here', retryable: false },
  'session.qr_not_ready': { status: 409, title: 'There is no QR code yet', retryable: true },
  'session.not_started': { status: 409, title: 'The session is not being linked', retryable: false },
  'pairing.timeout': { status: 504, title: 'WhatsApp gave no pairing code in time', retryable: true },
  'pairing.failed': { status: 502, title: 'WhatsApp refused to give a pairing code', retryable: true },
  'chat.not_found': { status: 404, title: 'There is no such chat', retryable: false },
  'chat.empty': { status: 409, title: 'The chat has no message', retryable: false },
  'contact.not_found': { status: 404, title: 'There is no such contact', retryable: false },
  'group.not_found': { status: 404, title: 'This session is in no such group', retryable: false },
  'group.not_admin': { status: 403, title: 'Only admins of the group may do that', retryable: false },
  'group.invite_invalid': { status: 404, title: 'The invite is not valid, or not any more', retryable: false },
  'group.already_member': { status: 409, title: 'The session is in this group already', retryable: false },
  'channel.not_found': { status: 404, title: 'There is no such channel', retryable: false },
  'channel.not_followed': { status: 409, title: 'The session does not follow this channel', retryable: false },
  'channel.not_admin': { status: 403, title: 'Only admins of the channel may do that', retryable: false },
  'channel.owner': { status: 409, title: 'The owner of a channel cannot leave it', retryable: false },
  'channel.not_supported': { status: 409, title: 'A channel does not know that', retryable: false },
  'message.mention_outside': { status: 422, title: 'Only people in the group can be mentioned', retryable: false },
  'message.not_found': { status: 404, title: 'There is no such message', retryable: false },
  'message.ambiguous': { status: 409, title: 'More than one chat has a message with this id', retryable: false },
  'message.not_own': { status: 409, title: 'Only own messages can be changed', retryable: false },
  'message.revoked': { status: 409, title: 'The message was taken back', retryable: false },
  'message.not_due': {
    status: 409,
    title: 'The message waits for its time: cancel its order instead',
    retryable: false,
  },
  'command.cancelled': { status: 409, title: 'It was cancelled', retryable: false },
  'message.not_editable': { status: 409, title: 'Only texts can be edited', retryable: false },
  'message.too_old': { status: 409, title: 'It was sent too long ago to be changed', retryable: false },
  'message.not_forwardable': { status: 409, title: 'This message cannot be sent on', retryable: false },
  'message.not_answerable': { status: 409, title: 'This message cannot be answered', retryable: false },
  'poll.option_unknown': { status: 422, title: 'The poll has no such option', retryable: false },
  'media.not_found': { status: 404, title: 'There is no such file', retryable: false },
  'media.empty': { status: 422, title: 'The file is empty', retryable: false },
  'media.too_large': { status: 413, title: 'The file is too large', retryable: false },
  'media.corrupt': { status: 422, title: 'The file is not the one that its message names', retryable: false },
  'media.unsupported': { status: 422, title: 'WhatsApp does not take this file as that', retryable: false },
  'media.url_forbidden': { status: 422, title: 'This address may not be called', retryable: false },
  'media.unreachable': { status: 502, title: 'The file could not be fetched from its address', retryable: true },
  'media.not_ready': { status: 503, title: 'The file is still being fetched', retryable: true },
  'media.expired': { status: 410, title: 'WhatsApp and the phone do not have the file any more', retryable: false },
  'media.no_thumbnail': { status: 404, title: 'There is no thumbnail of this file', retryable: false },
  'media.none': { status: 404, title: 'This message has no file', retryable: false },
  'media.range': { status: 416, title: 'The file has no such range', retryable: false },
  'media.link_invalid': { status: 401, title: 'The link is not valid, or it has expired', retryable: false },
  'label.not_found': { status: 404, title: 'There is no such label', retryable: false },
  'label.too_many': { status: 409, title: 'There are too many labels', retryable: false },
  'call.not_found': { status: 404, title: 'There is no such call', retryable: false },
  'call.over': { status: 409, title: 'The call is over', retryable: false },
  'contact.self': { status: 409, title: 'That is the account itself', retryable: false },
  'command.not_found': { status: 404, title: 'There is no such command', retryable: false },
  'command.already_sent': { status: 409, title: 'It has gone already', retryable: false },
  'batch.not_found': { status: 404, title: 'There is no such batch', retryable: false },
  'recipient.not_on_whatsapp': { status: 422, title: 'The recipient is not on WhatsApp', retryable: false },
  'command.failed': { status: 502, title: 'It was tried and did not succeed', retryable: false },
  'session.other_account': { status: 409, title: 'Another number is linked now', retryable: false },
  'command.outcome_unknown': { status: 502, title: 'It may have happened or not', retryable: false },
  'session.not_connected': { status: 503, title: 'The session has no connection to WhatsApp now', retryable: true },
  'queue.full': { status: 429, title: 'Too many commands of this session are waiting', retryable: true },
  'idempotency.conflict': { status: 422, title: 'This idempotency key was used with another body', retryable: false },
  'webhook.not_found': { status: 404, title: 'There is no such webhook', retryable: false },
  'webhook.disabled': { status: 409, title: 'The webhook is switched off', retryable: false },
  'delivery.not_found': { status: 404, title: 'There is no such delivery', retryable: false },
  'connector.not_found': { status: 404, title: 'There is no such connector', retryable: false },
  'key.not_found': { status: 404, title: 'There is no such API key', retryable: false },
  'cursor.invalid': { status: 422, title: 'The cursor is not one of ours', retryable: false },
  'cursor.too_old': { status: 410, title: 'The cursor is older than what is kept', retryable: false },
  'ticket.invalid': { status: 401, title: 'The ticket is not valid', retryable: false },
  'socket.upgrade_required': { status: 426, title: 'This route speaks WebSocket', retryable: false },
  'store.unavailable': { status: 503, title: 'The database does not answer', retryable: true },
  'store.unsupported': { status: 500, title: 'The database cannot be used', retryable: false },
  'settings.invalid': { status: 500, title: 'The settings are not valid', retryable: false },
  'secret.mismatch': {
    status: 500,
    title: 'The secret key is not the one this data was written with',
    retryable: false,
  },
  'internal.error': { status: 500, title: 'Something went wrong on our side', retryable: false },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>

export type ProblemCode = keyof typeof table

export function isProblemCode(code: string | undefined): code is ProblemCode {
  return code !== undefined && Object.hasOwn(table, code)
}

/** The order that failed while its caller waited. */
export type Accepted = { commandId: string; messageId?: string; failure?: string }

export type ProblemOptions = {
  /** A public sentence; nothing internal and no secret. */
  detail?: string
  errors?: FieldFault[]
  /** Sent as `Retry-After`, seconds. */
  retryAfterSeconds?: number
  /** What had been accepted before it failed. */
  accepted?: Accepted
  /** Private: goes to the log, never to the caller. */
  cause?: unknown
}

export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly detail: string | undefined
  readonly errors: FieldFault[] | undefined
  readonly retryAfterSeconds: number | undefined
  readonly accepted: Accepted | undefined

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(options.detail ?? table[code].title, { cause: options.cause })
    this.code = code
    this.detail = options.detail
    this.errors = options.errors
    this.retryAfterSeconds = options.retryAfterSeconds
    this.accepted = options.accepted
  }

  get status(): number {
    return table[this.code].status
  }

  get title(): string {
    return table[this.code].title
  }

  get retryable(): boolean {
    return table[this.code].retryable
  }
}
