// One socket's life inside a held session: from its turn at the gate to its close, or until something else is asked.
import type { Agent } from 'node:http'
import { isChannelJid } from '../../shared/model/jid.ts'
import type { Session, SessionSettings } from '../../shared/model/session.ts'
import type { Fact, Jids, MessageFact } from '../whatsapp/facts.ts'
import { isLinked, openConnection, type Connection } from '../whatsapp/connection.ts'
import { settleAccount } from './settle-account.ts'
import type { ClientVersion } from '../whatsapp/client-version.ts'
import type { Journal } from '../whatsapp/keys/journal.ts'
import type { KeyStore } from '../whatsapp/keys/open-key-store.ts'
import { outreachRefusal } from '../whatsapp/refusals.ts'
import type { GroupCache } from '../whatsapp/group-cache.ts'
import { toKnownGroup } from './record/known-group.ts'
import type { RetryCaches } from '../whatsapp/retry-caches.ts'
import type { ConnectGate } from './connect-gate.ts'
import type { MediaPlace } from '../whatsapp/media-place.ts'
import type { SessionMedia } from './media/files.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { Outreach, OutreachNews } from './outbox/outreach.ts'
import type { RecordContext } from './record/context.ts'
import type { Recorder } from './record/recorder.ts'
import { rejectCall } from './reject-call.ts'
import type { Reporter } from './reporter.ts'
import { createStateReport } from './report-state.ts'
import type { SessionLog } from './session-log.ts'
import type { Wake } from '../wake.ts'

export type Held = {
  context: RecordContext
  keyStore: KeyStore
  journal: Journal
  recorder: Recorder
  outbox: Outbox
  media: SessionMedia
  mediaPlace: (session: Session) => MediaPlace | undefined
  outreach: Outreach
  reporter: Reporter
  retryCaches: RetryCaches
  groupCache: GroupCache
  gate: ConnectGate
  clientVersion: ClientVersion
  log: SessionLog
  wake: Wake
  signal: AbortSignal
  /** Reads the session, waiting for MongoDB. */
  read: () => Promise<Session | null>
  urlFor: (session: Session) => Promise<string | undefined>
  agentFor: (session: Session) => Agent | undefined
}

export type Closed = { code: number; reason: string }

const healthCheckMs = 300_000

/** `asked`: the wish changed and the socket was ended for it. `opened` tells whether it was ever open. */
export async function connectOnce(
  held: Held,
  session: Session,
): Promise<{ closed: Closed | 'asked'; opened: boolean }> {
  const { reporter, recorder, outbox, outreach, signal, log, wake } = held
  const revision = session.wantedRevision
  let { settings } = session
  const leave = await held.gate.enter(signal)
  let connection: Connection | undefined
  let opened = false
  try {
    await reporter.report({
      status: 'connecting',
      lastConnectionAttempt: new Date(),
      connectionAttempts: session.connectionAttempts + 1,
      actedRevision: revision,
      linked: isLinked(held.keyStore.creds),
    })
    await reporter.announce('session.connecting', {})
    // What the last socket told is stored before the journal is looked at again.
    await recorder.idle()
    await settleAccount(held, session)
    const address = await addressOf(held, session)
    if ('unknown' in address) return { closed: { code: 0, reason: address.unknown }, opened: false }
    const { url, agent, mediaPlace } = address
    let close: (closed: Closed) => void = () => undefined
    const whenClosed = new Promise<Closed>((resolve) => (close = resolve))
    const reportState = createStateReport({
      session,
      reporter,
      keyStore: held.keyStore,
      connection: () => connection,
      log,
    })
    let told: Promise<void> = Promise.resolve()
    connection = openConnection({
      url,
      agent,
      mediaPlace,
      version: held.clientVersion.current(),
      keyStore: held.keyStore,
      journal: held.journal,
      settings: session.settings,
      retryCaches: held.retryCaches,
      groupCache: held.groupCache,
      readGroup: async (groupId) => {
        const row = await held.context.store.groups.read(session._id, groupId)
        return row && row.myRole !== null ? toKnownGroup(row) : undefined
      },
      log,
      onFact: (delivery) => {
        const { fact } = delivery
        // At once: until it is stored others would go the same way.
        if (fact.kind === 'ack' && fact.error === outreachRefusal) lockOutreach()
        recorder.record({ fact, stored: () => (delivery.stored(), afterStored(fact)) })
      },
      onOutreachLock: (news) => hearLock(news),
      onState: (state) => {
        if (state.kind === 'open') {
          opened = true
          outbox.setPace(session.settings.pace)
          outbox.use(connection)
          held.media.setPolicy(session.settings.downloadMedia)
          held.media.use(connection)
          // It may have ended while nobody was here to be told.
          if (outreach.isLocked()) askLock()
        }
        if (state.kind !== 'linked') leave()
        if (state.kind === 'closed') close({ code: state.code, reason: state.reason })
        told = told
          .then(() => reportState(state))
          .catch((error: unknown) => {
            if (!signal.aborted) log.error({ err: error, state: state.kind }, 'a state could not be reported')
          })
      },
      readOwn: (messageId, chat) => readOwn(held.context, messageId, chat),
    })
    const current = connection
    const onAbort = () => void current.end('stopping')
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const asked = watchWish(current)
    const closed = await whenClosed
    signal.removeEventListener('abort', onAbort)
    wake.ring('closed')
    const wasAsked = await asked
    await told
    return { closed: wasAsked ? 'asked' : closed, opened }
  } finally {
    leave()
    outbox.use(undefined)
    held.media.use(undefined)
  }

  function afterStored(fact: Fact): void {
    if (fact.kind === 'message' && fact.content.media) held.media.ring()
    if (fact.kind === 'ack') outbox.acked(fact.messageId, fact.error)
    if (fact.kind === 'message' && settings.autoRead === true) markRead(fact)
    if (fact.kind === 'account' && fact.what.change === 'call' && connection)
      rejectCall({ context: held.context, connection, settings: settings.rejectCalls }, fact.what).catch(
        (error: unknown) => log.warn({ err: error }, 'a call could not be rejected'),
      )
    outbox.noticed(fact)
  }

  /** A refusal does not say until when, and Baileys does not ask for this code (rc14, Socket/messages-recv.js handleBadAck). */
  function lockOutreach(): void {
    const isNew = !outreach.isLocked()
    outreach.refused().catch(onLockUntold)
    if (isNew) askLock()
  }

  function askLock(): void {
    connection?.askOutreachLock().catch((error: unknown) => log.debug({ err: error }, 'WhatsApp tells of no lock'))
  }

  function hearLock(news: OutreachNews): void {
    outreach.told(news).catch(onLockUntold)
  }

  function onLockUntold(error: unknown): void {
    if (!signal.aborted) log.error({ err: error }, 'a lock could not be reported')
  }

  /** The setting `autoRead`: what is stored counts as read. A receipt that cannot go now is not worth a retry. */
  function markRead({ sender, chat, messageId, content }: MessageFact): void {
    // A channel's posts are counted as seen when somebody says so.
    if (sender === 'me' || content.type === 'undecryptable' || isChannelJid(chat[0])) return
    const inGroup = sender[0] === chat[0] ? {} : { participant: sender[0] }
    connection?.sending
      .markRead([{ chat: chat[0], messageId, fromMe: false, ...inGroup }])
      .then(() => markReadHere(chat))
      .catch((error: unknown) => log.debug({ err: error }, 'a read receipt did not go'))
  }

  async function markReadHere(chat: Jids): Promise<void> {
    const { store, sessionId, addresses } = held.context
    const chatId = await addresses.knownChatId(chat)
    if (chatId !== undefined) await store.chats.touch(sessionId, chatId, { unread: 'clear' })
  }

  /** From now on; `docs/settings.md` says what waits for the next connection. */
  function takeSettings(current: Connection, next: SessionSettings): void {
    const isOnline = next.markOnline ?? false
    const changesPresence = opened && isOnline !== (settings.markOnline ?? false)
    settings = next
    current.take(next)
    if (changesPresence)
      current.sending
        .presence(isOnline ? 'available' : 'unavailable')
        .catch((error: unknown) => log.debug({ err: error }, 'presence could not be told'))
  }

  /** Ends the socket when the wish changes; `true` if it did. Every five minutes it says that it is alive. */
  async function watchWish(current: Connection): Promise<boolean> {
    try {
      for (;;) {
        const reason = await wake.sleep(healthCheckMs, signal)
        if (reason === 'closed' || signal.aborted) return false
        if (reason === 'time') await reporter.report({ lastHealthCheck: new Date() })
        const now = await held.read()
        if (now) outbox.setPace(now.settings.pace)
        if (now) held.media.setPolicy(now.settings.downloadMedia)
        if (now) takeSettings(current, now.settings)
        const isElsewhere = (now?.settings.proxyUrl ?? null) !== (session.settings.proxyUrl ?? null)
        if (now?.wantedRevision === revision && !isElsewhere) continue
        if (opened && (now?.wanted === 'logged_out' || now?.wanted === 'deleted')) {
          // Nothing more is sent, so that nothing more has to be durable before the goodbye.
          outbox.use(undefined)
          const acted = () => reporter.report({ actedRevision: now.wantedRevision })
          // What failed is tried over a connection of its own, see `logOut`.
          await current.logout().then(acted, (error: unknown) => log.debug({ err: error }, 'logging out failed'))
        }
        await current.end('asked to')
        return true
      }
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'watching the session failed')
      return false
    }
  }
}

type Address = { url: string | undefined; agent: Agent | undefined; mediaPlace: MediaPlace | undefined }

/** A sandbox that does not answer is like a WhatsApp that does not: it is tried again, with a growing wait. */
async function addressOf(held: Held, session: Session): Promise<Address | { unknown: string }> {
  try {
    const url = await held.urlFor(session)
    return { url, agent: held.agentFor(session), mediaPlace: held.mediaPlace(session) }
  } catch (error) {
    held.log.debug({ err: error }, 'no address to connect to')
    return { unknown: error instanceof Error ? error.message : 'no address to connect to' }
  }
}

/** A message of ours, for a resend; text can be made again from its row. */
async function readOwn(context: RecordContext, messageId: string, chat: readonly string[]) {
  const [first, ...others] = chat
  const chatId = first === undefined ? undefined : await context.addresses.knownChatId([first, ...others])
  if (chatId === undefined) return undefined
  const rows = await context.store.messages.find(context.sessionId, messageId, chatId)
  const row = rows.find((one) => one.fromMe)
  return row && { ...(row.raw ? { raw: row.raw } : {}), ...(row.text === undefined ? {} : { text: row.text }) }
}
