// What a phone tells a companion after it was linked: the app-state key, then the chats, the names and the latest
// messages. Sent once per link, as private messages with the data in them, or in a file on the media host that they name.
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import { type BinaryNode, proto } from '@whiskeysockets/baileys'
import { sealMedia } from '../media/seal-media.ts'
import type { Address, Device, History, HistoryMessage } from '../records.ts'
import { node, unixSeconds } from '../server/nodes.ts'
import { routeMessage } from '../server/route-message.ts'
import type { Worker } from './worker.ts'
import { encryptFor } from './encrypt-for.ts'
import { newMessageId } from './send-message.ts'

const compress = promisify(deflate)
const { HistorySyncType } = proto.HistorySync
const { Type } = proto.Message.ProtocolMessage
const EMPTY: History = { contacts: [], chats: [], messages: [] }

const webMessage = (chatJid: string, message: HistoryMessage): proto.IWebMessageInfo => ({
  key: message.keyless
    ? null
    : {
        remoteJid: chatJid,
        fromMe: message.fromMe ?? false,
        id: message.messageId ?? randomBytes(16).toString('hex').toUpperCase(),
      },
  message: { conversation: message.text },
  messageTimestamp: unixSeconds(message.at ? Date.parse(message.at) : Date.now()),
  status: message.fromMe ? proto.WebMessageInfo.Status.READ : undefined,
})

/** The three parts of a first sync, in the order in which they are sent. */
const chunks = (worker: Worker, history: History): proto.IHistorySync[] => {
  const { directory, store } = worker.exchange
  const jidOf = (phone: string) => directory.jid({ phone, device: 0 }, store.phones.get(phone) ? 'lid' : 'pn')
  const known = (phone: string) => store.phones.get(phone)
  const numbers = new Set([...history.chats.map(({ phone }) => phone), ...history.messages.map(({ chat }) => chat)])
  const mappings = [...new Set([...numbers, ...history.contacts.map(({ phone }) => phone)])].flatMap((phone) =>
    known(phone) && history.mappings !== false
      ? [{ pnJid: directory.jid({ phone, device: 0 }, 'pn'), lidJid: jidOf(phone) }]
      : [],
  )
  const nameOf = (phone: string) =>
    history.chats.find((chat) => chat.phone === phone)?.name ??
    history.contacts.find((contact) => contact.phone === phone)?.name

  const conversation = (phone: string, messages: HistoryMessage[]): proto.IConversation => {
    const chat = history.chats.find((one) => one.phone === phone)
    const sorted = messages
      .filter((message) => message.chat === phone)
      .map((message) => webMessage(jidOf(phone), message))
      .reverse()
      .sort((a, b) => Number(b.messageTimestamp) - Number(a.messageTimestamp))
    return {
      id: jidOf(phone),
      name: nameOf(phone) ?? null,
      ...(known(phone) && history.mappings !== false
        ? { pnJid: directory.jid({ phone, device: 0 }, 'pn'), lidJid: jidOf(phone) }
        : {}),
      unreadCount: chat?.unread ?? 0,
      archived: chat?.archived ?? false,
      pinned: chat?.pinned ? unixSeconds() : 0,
      conversationTimestamp: sorted[0]?.messageTimestamp ?? unixSeconds(),
      messages: sorted.map((message, index) => ({ message, msgOrderId: sorted.length - index })),
    }
  }
  const newestFirst = [...history.messages].reverse()
  const firstOfEach = newestFirst.filter(
    ({ chat }, index) => newestFirst.findIndex((one) => one.chat === chat) === index,
  )
  const pushnames = [
    ...history.contacts.map(({ phone, name }) => ({ id: jidOf(phone), pushname: name ?? phone })),
    { id: jidOf(worker.self.phone), pushname: worker.record().name },
  ]
  const all = [...numbers]
  return [
    {
      syncType: HistorySyncType.INITIAL_BOOTSTRAP,
      conversations: all.map((phone) => conversation(phone, firstOfEach)),
      phoneNumberToLidMappings: mappings,
      progress: 50,
      chunkOrder: 1,
    },
    { syncType: HistorySyncType.PUSH_NAME, pushnames, chunkOrder: 2 },
    {
      syncType: HistorySyncType.RECENT,
      conversations: all.map((phone) => conversation(phone, history.messages)),
      phoneNumberToLidMappings: mappings,
      progress: 100,
      chunkOrder: 3,
    },
  ]
}

/** What the phone keeps to itself until it is asked. */
const atLink = (history: History): History => ({
  ...history,
  messages: history.messages.filter(({ older }) => older !== true),
})

const keyShare = (worker: Worker): proto.Message.IProtocolMessage => {
  const { appStateKey } = worker.record()
  const fingerprint = { rawId: 1, currentIndex: 1, deviceIndexes: [0, 1] }
  return {
    type: Type.APP_STATE_SYNC_KEY_SHARE,
    appStateSyncKeyShare: {
      keys: [
        {
          keyId: { keyId: appStateKey.keyId },
          keyData: { keyData: appStateKey.keyData, fingerprint, timestamp: Date.now() },
        },
      ],
    },
  }
}

/** WhatsApp's phones name no address, only the path: clients know the host. */
const asFile = async ({ exchange }: Worker, packed: Buffer): Promise<object> => {
  const { bytes, ...sealed } = await sealMedia(packed, 'md-msg-hist')
  const { directPath } = await exchange.media.put(bytes)
  return { ...sealed, directPath }
}

const notification = async (
  worker: Worker,
  chunk: proto.IHistorySync,
  { external, unreadable }: Pick<History, 'external' | 'unreadable'> = {},
): Promise<proto.Message.IProtocolMessage> => {
  const packed = unreadable ? randomBytes(200) : await compress(proto.HistorySync.encode(chunk).finish())
  return {
    type: Type.HISTORY_SYNC_NOTIFICATION,
    historySyncNotification: proto.Message.HistorySyncNotification.fromObject({
      syncType: chunk.syncType,
      chunkOrder: chunk.chunkOrder ?? null,
      progress: chunk.progress ?? null,
      ...(external ? await asFile(worker, packed) : { initialHistBootstrapInlinePayload: packed }),
    }),
  }
}

/** Undefined when the companion has no keys. */
const sealForOwn = async (
  worker: Worker,
  to: Address,
  parts: proto.Message.IProtocolMessage[],
): Promise<BinaryNode[] | undefined> => {
  const stanzas: BinaryNode[] = []
  for (const protocolMessage of parts) {
    const enc = await encryptFor(worker, to, { protocolMessage })
    if (!enc) return undefined
    const jid = worker.exchange.directory.jid(to, 'lid')
    stanzas.push(node('message', { id: newMessageId(), to: jid, type: 'text', category: 'peer' }, [enc]))
  }
  return stanzas
}

/** Only inside the worker's queue: private messages to one companion of the phone's own account. */
export const sendPeerMessages = async (
  worker: Worker,
  to: Address,
  parts: proto.Message.IProtocolMessage[],
): Promise<void> => {
  const stanzas = await sealForOwn(worker, to, parts)
  if (!stanzas) return
  worker.exchange.transact(() => {
    worker.signal.store()
    for (const stanza of stanzas) routeMessage(worker.exchange, worker.self, stanza)
  })
}

/** What is older than a companion has, of one chat; at most as many as it asked for, the newest of them. */
export const olderMessages = async (
  worker: Worker,
  asked: proto.Message.PeerDataOperationRequestMessage.IHistorySyncOnDemandRequest,
  requestId: string,
): Promise<proto.Message.IProtocolMessage> => {
  const { store, directory } = worker.exchange
  const chat = directory.resolve(asked.chatJid ?? '')?.phone
  const before = Number(asked.oldestMsgTimestampMs ?? 0)
  const older = (store.history.get(worker.self.phone) ?? EMPTY).messages
    .filter((one) => one.chat === chat && one.at !== undefined && Date.parse(one.at) < before)
    .sort((a, b) => Date.parse(b.at ?? '') - Date.parse(a.at ?? ''))
    .slice(0, asked.onDemandMsgCount ?? 50)
  const jid = asked.chatJid ?? ''
  const messages = older.map((one, i) => ({ message: webMessage(jid, one), msgOrderId: older.length - i }))
  const told = await notification(worker, {
    syncType: HistorySyncType.ON_DEMAND,
    conversations: [{ id: jid, messages }],
    chunkOrder: 1,
    progress: 100,
  })
  const { historySyncNotification } = told
  return { ...told, historySyncNotification: { ...historySyncNotification, peerDataRequestSessionId: requestId } }
}

/** Only inside the worker's queue. Does nothing for a companion that has had it. */
export const sendHistory = async (worker: Worker, to: Address): Promise<void> => {
  const { exchange, signal } = worker
  const { store } = exchange
  const device = (): Device | undefined => store.devices.get([to.phone, to.device])
  if (device()?.historySent !== false) return
  const parts = [keyShare(worker)]
  const history = store.history.get(to.phone) ?? EMPTY
  const { external, unreadable } = history
  if (unreadable) parts.push(await notification(worker, { syncType: HistorySyncType.RECENT, chunkOrder: 9 }, history))
  for (const chunk of chunks(worker, atLink(history))) parts.push(await notification(worker, chunk, { external }))
  const stanzas = await sealForOwn(worker, to, parts)
  if (!stanzas) return
  exchange.transact(() => {
    const current = device()
    if (!current) return
    signal.store()
    store.devices.put([to.phone, to.device], { ...current, historySent: true })
    for (const stanza of stanzas) routeMessage(exchange, worker.self, stanza)
  })
}
