// A real, unmodified Baileys client with its keys in memory, for the sandbox's own tests: what it was told, as
// events that can be awaited.
import { EventEmitter } from 'node:events'
import makeWASocket, {
  type AuthenticationCreds,
  type BinaryNode,
  type ConnectionState,
  initAuthCreds,
  type SignalDataTypeMap,
  type SignalKeyStore,
  type UserFacingSocketConfig,
  useMultiFileAuthState,
  type WAMessage,
} from '@whiskeysockets/baileys'
import { pino } from 'pino'
import { quietLibsignal } from '../quiet-libsignal.ts'

quietLibsignal()

export type Client = Awaited<ReturnType<typeof startClient>>
export type Auth = { creds: AuthenticationCreds; keys: SignalKeyStore }

/** `kept`: where the keys are, by `type/id`; a copy of it is a copy of them. */
export const memoryAuth = (kept = new Map<string, unknown>()): Auth => {
  return {
    creds: initAuthCreds(),
    keys: {
      get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
        const found: { [id: string]: SignalDataTypeMap[T] } = {}
        for (const id of ids) {
          const value = kept.get(`${type}/${id}`)
          // Stored as text, as any store would: two readers must not share one object.
          if (value !== undefined) found[id] = structuredClone(value) as SignalDataTypeMap[T]
        }
        return found
      },
      set: (data) => {
        for (const [type, values] of Object.entries(data)) {
          for (const [id, value] of Object.entries(values ?? {})) {
            if (value === null) kept.delete(`${type}/${id}`)
            else kept.set(`${type}/${id}`, value)
          }
        }
      },
    },
  }
}

/** Baileys' own folder. */
export const folderAuth = (folder: string) => useMultiFileAuthState(folder)

/** Resolves with the first value that `pick` makes of an event, past ones included. */
const collector = <T>() => {
  const items: T[] = []
  const news = new EventEmitter().setMaxListeners(0)
  return {
    items,
    add: (item: T) => {
      items.push(item)
      news.emit('item')
    },
    until: <R>(pick: (items: T[]) => R | undefined, what: string, ms = 120_000): Promise<R> =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pick(items)
          if (found === undefined) return
          clearTimeout(timer)
          news.off('item', look)
          resolve(found)
        }
        const timer = setTimeout(() => {
          news.off('item', look)
          reject(new Error(`never happened: ${what}`))
        }, ms)
        news.on('item', look)
        look()
      }),
  }
}

export const startClient = (
  wsUrl: string,
  auth: Auth = memoryAuth(),
  options: Partial<UserFacingSocketConfig> = {},
) => {
  const sock = makeWASocket({
    waWebSocketUrl: wsUrl,
    auth,
    logger: pino({ level: process.env.CLIENT_LOG ?? 'silent' }),
    ...options,
  })
  const updates = collector<Partial<ConnectionState>>()
  const messages = collector<WAMessage>()
  const frames = collector<BinaryNode>()
  sock.ev.on('connection.update', (update) => updates.add(update))
  sock.ev.on('messages.upsert', (upsert) => {
    for (const message of upsert.messages) messages.add(message)
  })
  sock.ws.on('frame', (node: BinaryNode) => frames.add(node))
  const statusOf = (error: unknown): number | undefined =>
    (error as { output?: { statusCode?: number } } | undefined)?.output?.statusCode
  return {
    sock,
    auth,
    updates,
    messages,
    frames,
    qr: () => updates.until((all) => all.find(({ qr }) => qr)?.qr, 'a QR'),
    opened: () => updates.until((all) => all.find(({ connection }) => connection === 'open'), 'open'),
    /** Why the connection ended: WhatsApp's close code. */
    closed: (ms?: number) =>
      updates.until(
        (all) => {
          const last = all.find(({ connection }) => connection === 'close')
          return last && { code: statusOf(last.lastDisconnect?.error) }
        },
        'close',
        ms,
      ),
    texts: (count: number) =>
      messages.until((all) => {
        const texts = all.flatMap(({ message }) => message?.conversation ?? message?.extendedTextMessage?.text ?? [])
        return texts.length >= count ? texts : undefined
      }, `${count} texts`),
    stop: (): void => {
      void sock.end(undefined)
    },
  }
}

/** Links a new client to a phone by QR and waits until it is open. */
export const linkClient = async (
  door: Door,
  phone: string,
  options: Partial<UserFacingSocketConfig> = {},
): Promise<Client> => {
  const { wsUrl } = await door.get<{ wsUrl: string }>('/')
  const first = startClient(wsUrl, memoryAuth(), options)
  await door.post(`/phones/${phone}/scan`, { qr: await first.qr() })
  await first.closed()
  const linked = startClient(wsUrl, first.auth, options)
  await linked.opened()
  return linked
}

export type Door = ReturnType<typeof openDoor>

/** The sandbox's door as plain calls; a refusal is thrown with its problem document. */
export const openDoor = (url: string) => {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = text === '' ? {} : (JSON.parse(text) as T & { detail?: string })
    if (!response.ok)
      throw Object.assign(new Error(`${response.status} ${text}`), { status: response.status, problem: answer })
    return answer as T
  }
  return {
    url,
    get: <T = Record<string, unknown>>(path: string) => call<T>('GET', path),
    post: <T = Record<string, unknown>>(path: string, body: unknown = {}) => call<T>('POST', path, body),
    put: <T = Record<string, unknown>>(path: string, body: unknown) => call<T>('PUT', path, body),
    del: <T = Record<string, unknown>>(path: string) => call<T>('DELETE', path),
  }
}
