// One socket from birth to end. A socket is never reused; what it emits after its end is not listened to.
import type { Agent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import makeWASocket, { proto, type BinaryNode, type WASocket } from '@whiskeysockets/baileys'
import { isChannelJid } from '../../shared/model/jid.ts'
import type { SessionSettings } from '../../shared/model/session.ts'
import { createAccount, type Account } from './account.ts'
import { createAfterLogin } from './after-login.ts'
import { createAppState } from './app-state.ts'
import { createPlaceKeeper } from './app-state-place.ts'
import { createBehind, keepWhole, takeInTurn } from './arrival.ts'
import type { AccountChange } from './account-facts.ts'
import { createBaileysLogger, type LogSink } from './baileys-log.ts'
import type { Channels } from './channels.ts'
import { createChats, type Chats } from './chats.ts'
import { createDeviceCache } from './device-cache.ts'
import type { Fact, FactDelivery, Jids } from './facts.ts'
import { createGroupCache, type GroupCache, type KnownGroup } from './group-cache.ts'
import { createGroups, type Groups } from './groups.ts'
import { createIdentities } from './identities.ts'
import type { Journal } from './keys/journal.ts'
import type { KeyStore } from './keys/open-key-store.ts'
import { replayJournal } from './keys/replay.ts'
import { createSignalRepository } from './keys/signal-repository.ts'
import { createMedia, type Media } from './media.ts'
import type { MediaPlace } from './media-place.ts'
import { createKnownNumbers } from './known-numbers.ts'
import { createPeople, type People } from './people.ts'
import { openChannels } from './open-channels.ts'
import { toLidPairs } from './lid-mappings.ts'
import { unlink } from './unlink.ts'
import { watchQrRotation } from './qr-rotation.ts'
import type { RetryCaches } from './retry-caches.ts'
import { createSending, type Sending } from './sending.ts'
import { toClose, toOutreachLock } from './socket-words.ts'
import { ackToFact, receiptToFact } from './statuses.ts'
import { createSwitchboard } from './switchboard.ts'
import './whole-history.ts'
import { closeWithin, gateWire, rawSocketOf, type Wire } from './wire.ts'

export type Me = { id: string; lid: string; name: string | undefined }

export type ConnectionState =
  | { kind: 'qr'; code: string; ttlMs: number }
  /** The phone has accepted; a restart of the socket follows (515). */
  | { kind: 'linked' }
  | { kind: 'open'; me: Me; platform: string | undefined }
  /** `code` is WhatsApp's or HTTP's; 0 when there is none. */
  | { kind: 'closed'; code: number; reason: string }

export type ConnectionOptions = {
  /** Absent: WhatsApp's own address. */
  url: string | undefined
  /** What the WebSocket goes through. Absent: straight. */
  agent?: Agent | undefined
  /** The client version to present; absent: the one Baileys was released with. */
  version?: [number, number, number] | undefined
  /** Where files lie. Default: at WhatsApp. */
  mediaPlace?: MediaPlace | undefined
  keyStore: KeyStore
  journal: Journal
  settings: SessionSettings
  retryCaches: RetryCaches
  /** Kept across reconnects. Default: this connection's own. */
  groupCache?: GroupCache
  log: LogSink
  onFact: (delivery: FactDelivery) => void
  onState: (state: ConnectionState) => void
  /** WhatsApp says whether this account may write to new contacts: asked or by itself. Default: not listened to. */
  onOutreachLock?: (lock: { isActive: boolean; until?: Date }) => void
  /** The content of a message of ours, for a resend that the recipient's phone asks for. */
  readOwn: (messageId: string, chat: readonly string[]) => Promise<{ raw?: Uint8Array; text?: string } | undefined>
  /** A group as our rows have it. Default: not at all. */
  readGroup?: (groupId: string) => Promise<KnownGroup | undefined>
  /** No open and no QR for so long: the socket is given up, ms. Default 25000. */
  watchdogMs?: number
}

export type Connection = {
  sending: Sending
  people: People
  groups: Groups
  channels: Channels
  media: Media
  chats: Chats
  account: Account
  /** Every known form of an address, the given one first. */
  identify(jid: string): Jids
  /** Settings that changed: those that a connection can take while it stands. */
  take(settings: SessionSettings): void
  /** This account's own address, in any form. */
  isMe(jid: string): boolean
  /** The answer comes as `onOutreachLock`. Rejects when WhatsApp gives none. */
  askOutreachLock(): Promise<void>
  requestPairingCode(phone: string): Promise<string>
  logout(): Promise<void>
  /** Resolves when the socket has ended; the `closed` state has been told by then. */
  end(reason: string): Promise<void>
  /** Since birth: wrong guesses of libsignal that were undone, stanzas replayed. */
  health(): { undoneGuesses: number; replayed: number }
}

const firstQrMs = 60_000
const laterQrMs = 20_000
/** How long what was said while we were away may take to come in. */
const backlogMs = 30_000

export function isLinked(creds: KeyStore['creds']): boolean {
  return creds.me !== undefined && creds.account !== undefined && creds.account !== null
}

export function openConnection(options: ConnectionOptions): Connection {
  const { keyStore, journal, onState } = options
  let { settings } = options
  const { creds } = keyStore
  const me = () => ({ id: creds.me?.id ?? '', lid: creds.me?.lid ?? '' })
  const identities = createIdentities(keyStore.memory, me)
  const logger = createBaileysLogger(options.log)
  let ended = false
  let isOpen = false
  let logIn: () => void = () => undefined
  const loggedIn = new Promise<void>((resolve) => (logIn = resolve))
  let replayed = 0
  let safe: ReturnType<typeof createSignalRepository> | undefined
  let wire: Wire | undefined

  const place = createPlaceKeeper({
    keys: keyStore.keys,
    memory: keyStore.memory,
    whenStored: (stored) => void setImmediate(() => void whenStored(stored)),
  })

  const sock = makeWASocket({
    ...(options.url === undefined ? {} : { waWebSocketUrl: options.url }),
    ...(options.version === undefined ? {} : { version: options.version }),
    auth: { creds, keys: place.keys },
    ...(options.agent ? { agent: options.agent as HttpsAgent } : {}),
    ...(options.mediaPlace?.blobs ? { options: { dispatcher: options.mediaPlace.blobs as never } } : {}),
    ...(options.mediaPlace?.agent ? { fetchAgent: options.mediaPlace.agent as HttpsAgent } : {}),
    logger,
    emitOwnEvents: false,
    markOnlineOnConnect: settings.markOnline ?? false,
    syncFullHistory: settings.syncFullHistory ?? true,
    shouldIgnoreJid: (jid) =>
      (settings.ignoreGroups === true && jid.endsWith('@g.us')) ||
      (settings.ignoreStatus !== false && jid === 'status@broadcast') ||
      (settings.ignoreChannels === true && isChannelJid(jid)),
    cachedGroupMetadata: async (jid) => (jid.endsWith('@g.us') ? groups.metadata(jid) : undefined),
    userDevicesCache: createDeviceCache(keyStore.memory),
    ...options.retryCaches,
    getMessage: async (key) => {
      const chat = identities.jidsOf(key.remoteJid)
      const own = key.id && chat ? await options.readOwn(key.id, chat) : undefined
      if (own?.raw) return proto.Message.decode(own.raw)
      return own?.text === undefined ? undefined : { extendedTextMessage: { text: own.text } }
    },
    makeSignalRepository: (_auth, repositoryLogger, pnToLid) => {
      // Asked before the socket is open the question would fail, and the replay of that stanza with it.
      const ask: typeof pnToLid = async (jids) => (isOpen ? await pnToLid?.(jids) : [])
      // Set before anything is sent.
      const held = { holdFor: (durable: Promise<void>) => wire?.holdFor(durable) }
      safe = createSignalRepository(keyStore, journal, creds, repositoryLogger, ask, held)
      return safe.repository
    },
  })
  const socket = rawSocketOf(sock.ws)
  closeWithin(socket)
  wire = gateWire(socket)
  let caughtUp = false
  const behind = createBehind(() => ended || (caughtUp && !sock.ev.isBuffering()))
  keepWhole(
    sock.ev,
    () => isOpen,
    (event, data) => guarded(() => (switchboard[event] as (data: unknown) => void)(data), event, options.log),
    behind,
  )

  const numbers = createKnownNumbers(sock.onWhatsApp)
  const people = createPeople(sock, numbers)

  const tell = (fact: Fact, stored: () => void) => {
    if (fact.kind === 'account' && fact.what.change === 'picture') people.forgetPicture(fact.what.who)
    if (!ended) options.onFact({ fact, stored })
  }
  const tellNode =
    (convert: (node: BinaryNode, known: typeof identities) => Fact | undefined) => (node: BinaryNode) => {
      const fact = convert(node, identities)
      if (fact) tell(fact, () => undefined)
    }

  const groupCache = options.groupCache ?? createGroupCache()
  const groups = createGroups({
    sock,
    cache: groupCache,
    identities,
    readRow: async (groupId) => options.readGroup?.(groupId),
    onStates: (states, isAll) => tell({ kind: 'group-state', groups: states, isAll }, () => undefined),
  })
  const channels = openChannels({
    sock,
    keyStore,
    journal,
    wire,
    isIgnored: () => settings.ignoreChannels === true,
    tell,
    onError: (error, what) => options.log.debug({ err: error }, what),
  })
  const tellAccount = (what: AccountChange) => tell({ kind: 'account', what }, () => undefined)
  const appState = createAppState({
    sock,
    keys: place.keys,
    identities,
    tell: (what) => behind(() => tellAccount(what)),
    onError: (error) => options.log.debug({ err: error }, 'a patch of the app state could not be read'),
  })
  /** rc14 tells what it has read of the app state after it has set the place, in the same turn: stars go `behind` then. */
  async function whenStored(stored: () => void): Promise<void> {
    await appState.noted()
    behind(() => behind(() => tell({ kind: 'mark' }, stored)))
  }
  const afterLogin = createAfterLogin({
    sock,
    groups,
    channels,
    place,
    identities,
    tell: tellAccount,
    log: options.log,
  })
  let ownName = creds.me?.name

  let firstQr = true
  const rotation = watchQrRotation(sock, creds, (code) => onState({ kind: 'qr', code, ttlMs: laterQrMs }))
  const watchdog = setTimeout(() => void end('connect timeout'), options.watchdogMs ?? 25_000)
  let closed: () => void = () => undefined
  const whenClosed = new Promise<void>((resolve) => (closed = resolve))

  const afterKeyShare: (() => void)[] = []
  keyStore.onWritten = (types) => {
    if (types.includes('app-state-sync-key')) for (const done of afterKeyShare.splice(0)) done()
  }
  keyStore.memory.onChange = ({ 'lid-mapping': mappings }) => {
    const pairs = mappings ? toLidPairs(Object.entries(mappings)) : []
    if (pairs.length > 0) tell({ kind: 'contacts', contacts: pairs.map((jids) => ({ jids })) }, () => undefined)
  }

  const media = createMedia(sock, options.mediaPlace ?? {}, () => me().id)
  const switchboard = createSwitchboard({
    onMediaUpdate: (updates) => media.hear(updates),
    identities,
    journal,
    tell,
    onCredsUpdate: () => {
      const name = creds.me?.name
      if (isOpen && name && name !== ownName) tellAccount({ change: 'own-name', name })
      ownName = name
      // The log waits for MongoDB by itself and reports a lost lease by itself.
      keyStore.saveCreds().catch(() => undefined)
    },
    afterKeyShare: (done) => afterKeyShare.push(done),
    guarded: (handle) => guarded(handle, 'messages.upsert', options.log),
    onGroupChange: ({ message, change }) => {
      const [groupId] = message.chat
      groupCache.change(groupId, change)
      const isMine = change.type === 'members' && change.action === 'add' && change.people.some((one) => one.isMe)
      if (isMine && !ended)
        groups.refresh(groupId).catch((error: unknown) => options.log.debug({ err: error }, 'a group is not known'))
    },
    willProcessHistory: (syncType) => syncType !== proto.HistorySync.HistorySyncType.FULL,
    onConnectionUpdate: (update) => {
      if (update.qr !== undefined) {
        clearTimeout(watchdog)
        onState({ kind: 'qr', code: rotation.current(update.qr), ttlMs: firstQr ? firstQrMs : laterQrMs })
        firstQr = false
      }
      if (update.reachoutTimeLock && !ended) options.onOutreachLock?.(toOutreachLock(update.reachoutTimeLock))
      if (update.receivedPendingNotifications) caughtUp = true
      if (update.isNewLogin) {
        // Said before the answer goes out (rc14, Socket/socket.js pair-success): WhatsApp must know no device that we may forget.
        wire?.holdFor(keyStore.log.durable())
        onState({ kind: 'linked' })
      }
      if (update.connection === 'open') {
        clearTimeout(watchdog)
        isOpen = true
        logIn()
        afterLogin.begin()
        // Its end is not told each time (observed 2026-11, Baileys issue 2810).
        setTimeout(() => (caughtUp = true), backlogMs).unref()
        onState({ kind: 'open', me: { ...me(), name: creds.me?.name ?? undefined }, platform: creds.platform })
      }
      if (update.receivedPendingNotifications && isOpen) afterLogin.caughtUp()
      if (update.connection === 'close') {
        afterLogin.end()
        clearTimeout(watchdog)
        // end() destroys the buffer right after this event (rc14, Socket/socket.js).
        sock.ev.flush()
        ended = true
        const { code, reason } = toClose(update.lastDisconnect?.error)
        onState({ kind: 'closed', code, reason })
        closed()
      }
    },
  })
  for (const [name, handler] of Object.entries(switchboard))
    if (handler !== 'ignored') listen(sock, name, handler as (data: unknown) => void, options.log)
  // Baileys listens for it as well, so that ws never aborts, and then waits for ever (rc14, observed 2026-11).
  sock.ws.on('unexpected-response', (_request: unknown, response: { statusCode?: number }) => {
    void end(`HTTP ${response.statusCode ?? '?'} instead of a WebSocket`)
  })
  // Listened to before Baileys takes the node further (rc14, Socket/socket.js onMessageReceived).
  sock.ws.on('frame', (node: BinaryNode) => {
    safe?.noteStanza(node)
    appState.note(node)
    takeInTurn(node)
  })
  sock.ws.on('CB:ack,class:message', tellNode(ackToFact))
  sock.ws.on('CB:receipt', tellNode(receiptToFact))

  if (isLinked(creds) && safe)
    void replayJournal({
      journal,
      repository: safe.repository,
      me: me(),
      logger,
      upsert: (message) => sock.upsertMessage(message, 'append'),
      // Nothing is lost: its row stays, and the next connection tries again.
      onError: (error) => options.log.debug({ err: error }, 'a stanza could not be replayed'),
      onGivenUp: ({ name }) =>
        options.log.warn({ reason: name }, 'a part of what the phone handed over cannot be read'),
      loggedIn,
      onReplayed: () => (replayed += 1),
    }).catch((error: unknown) => options.log.debug({ err: error }, 'replay failed'))

  async function end(reason: string): Promise<void> {
    safe?.close()
    sock.end(new Error(reason)).catch((error: unknown) => options.log.debug({ err: error }, 'ending a socket failed'))
    await whenClosed
  }

  return {
    groups,
    channels,
    media,
    sending: createSending(sock, (jid) => (identities.jidsOf(jid)?.length ?? 0) > 1 || identities.isMe(jid), numbers),
    people,
    chats: createChats(sock, appState, (chat) => identities.jidsOf(chat)?.find((jid) => jid.endsWith('@lid')) ?? chat),
    account: createAccount(sock, appState),
    identify: (jid) => identities.jidsOf(jid) ?? [jid],
    take: (next) => void (settings = next),
    isMe: (jid) => identities.isMe(jid),
    askOutreachLock: async () => void (await sock.fetchAccountReachoutTimelock()),
    requestPairingCode: (phone) => sock.requestPairingCode(phone),
    logout: () => unlink(sock, creds.me?.id, async () => wire?.passed()),
    end,
    health: () => ({ undoneGuesses: safe?.undoneGuesses() ?? 0, replayed }),
  }
}

/** A handler that throws would stop later listeners while the receipt is out already; it is logged, and the row stays. */
function listen(sock: WASocket, name: string, handler: (data: unknown) => void, log: LogSink): void {
  const on = sock.ev.on.bind(sock.ev) as (event: string, listener: (data: unknown) => void) => void
  on(name, (data) => guarded(() => handler(data), name, log))
}

function guarded(handle: () => void, event: string, log: LogSink): void {
  try {
    handle()
  } catch (error) {
    log.debug({ err: error, event }, 'a handler failed')
  }
}
