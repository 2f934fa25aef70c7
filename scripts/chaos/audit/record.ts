// All that the auditor sees of a run: what the API accepted, what the sandbox has on record, what public routes and
// subscribers show. Nothing of it comes from our collections.

export type AcceptedText = {
  sessionId: string
  /** The recipient's number. */
  contact: string
  messageId: string
  /** Every text of a run is another one. */
  text: string
  /** Epoch ms. */
  atMs: number
  /** What the same key was answered when it was asked again later. */
  repeatedId?: string
}

/** Of ours: the API accepted it. Of theirs: the sandbox took it from the contact's phone. */
export type Change = {
  sessionId: string
  contact: string
  kind: 'edit' | 'reaction' | 'revoke'
  targetId: string
  /** The new text, or the emoji. */
  text: string
  atMs: number
}

/** A row of `GET /phones/{phone}/messages`. */
export type InboxRow = {
  seq: number
  messageId: string
  from: string
  fromMe: boolean
  kind: 'text' | 'reaction' | 'edit' | 'revoke' | 'other'
  text: string
  targetId?: string
  deliveries: number
  at: string
}
/** A row of `GET /phones/{phone}/sent`. */
export type SentRow = { seq: number; messageId: string; to: string; kind: InboxRow['kind']; text: string; at: string }
export type Counters = {
  failedDecryptions: number
  retryReceiptsReceived: number
  duplicates: number
  nacks487: number
}

export type PhoneRecord = { phone: string; inbox: InboxRow[]; sent: SentRow[]; counters: Counters }

/** A message as the API shows it. */
export type ShownMessage = {
  messageId: string
  fromMe: boolean
  type: string
  text?: string
  status?: string
  editedAt?: string
  revokedAt?: string
  reactions: { sender: string; emoji: string }[]
}
export type ChatRecord = { sessionId: string; contact: string; chatId: string; history: ShownMessage[] }

export type ShownEvent = {
  id: string
  stream: string
  seq: number
  type: string
  at: string
  data: Record<string, any>
}
export type SessionRecord = {
  sessionId: string
  /** The number the session is linked to. */
  phone: string
  feed: ShownEvent[]
  /** Commands that did not end well, or did not end. */
  unsettled: { commandId: string; kind: string; state: string; messageId?: string; error?: { code: string } }[]
}

/** A POST as it reached the receiver of a webhook. */
export type WebhookPost = {
  /** Of the header, as are `timestamp` and `signature`. */
  id: string
  timestamp: string
  signature: string
  body: string
  /** It was, or is about to be, answered with 2xx. */
  isTaken: boolean
}

export type SubscriberRecord = {
  name: string
  /** `never`: each event once. `allowed`: at least once. */
  repeats: 'never' | 'allowed'
  /** Of what is told again, the first time counts. */
  order: 'in order' | 'any order'
  /** The only stream it may see, and the beginning of the types it asked for. Absent: everything. */
  wants?: { session: string; types: string }
  /** In the order of arrival; of a webhook those that were taken. */
  events: Pick<ShownEvent, 'stream' | 'seq' | 'id' | 'type'>[]
  /** What it was told that it should never be told. */
  complaints: string[]
  /** Of a webhook. */
  posts?: {
    secret: string
    /** In the order of arrival; one that is taken late stands there twice. */
    came: WebhookPost[]
  }
}

export type RunRecord = {
  accepted: AcceptedText[]
  changes: Change[]
  theirChanges: Change[]
  /** Contacts first; the sessions' own phones have no conversation of their own. */
  phones: PhoneRecord[]
  chats: ChatRecord[]
  sessions: SessionRecord[]
  subscribers: SubscriberRecord[]
  /** Statuses as a client saw them by asking again and again, in the order of asking. */
  sightings: { sessionId: string; messageId: string; status: string; atMs: number }[]
  /** Answers that are neither yes nor "later", and processes that ended by themselves. */
  surprises: string[]
}

export type Violation = {
  /** The promise that was broken, in a few words. */
  promise: string
  detail: string
  ids: string[]
  /** When it may have happened, epoch ms: the timeline is shown around it. */
  atMs?: number | undefined
}
