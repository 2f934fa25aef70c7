// Reads a run's record from where anyone could read it: the sandbox's door and our public routes.
import type {
  ChatRecord,
  InboxRow,
  PhoneRecord,
  SentRow,
  SessionRecord,
  ShownEvent,
  ShownMessage,
} from './audit/record.ts'
import type { Cast } from './cast.ts'
import type { Site } from './site.ts'

const most = 10_000

export async function gatherPhone(site: Site, phone: string): Promise<PhoneRecord> {
  const [inbox, sent, state] = await Promise.all([
    site.door('GET', `/phones/${phone}/messages?limit=${most}`),
    site.door('GET', `/phones/${phone}/sent?limit=${most}`),
    site.door('GET', `/phones/${phone}`),
  ])
  return {
    phone,
    inbox: inbox['data'] as InboxRow[],
    sent: sent['data'] as SentRow[],
    counters: state['counters'] as PhoneRecord['counters'],
  }
}

/** A stream from a place on, to its end. */
export async function gatherFeed(site: Site, stream: string, after = 0): Promise<ShownEvent[]> {
  return pages<ShownEvent>(site, `/v1/events?stream=${stream}&limit=200`, `&after=${after}`)
}

export async function gatherSession(site: Site, session: Cast['sessions'][number]): Promise<SessionRecord> {
  const feed = await gatherFeed(site, session.sessionId)
  const commands = await pages<SessionRecord['unsettled'][number]>(
    site,
    `/v1/commands?sessionId=${session.sessionId}&limit=200`,
  )
  return { ...session, feed, unsettled: commands.filter(({ state }) => state !== 'done') }
}

/** A chat that does not exist has an empty history. */
export async function gatherChat(site: Site, sessionId: string, contact: string): Promise<ChatRecord> {
  const path = `/v1/sessions/${sessionId}/chats/${contact}`
  const chat = await site.client.ask({ method: 'GET', path })
  if (chat.status !== 200) return { sessionId, contact, chatId: '', history: [] }
  const history = await pages<ShownMessage>(site, `${path}/messages?limit=200`)
  return { sessionId, contact, chatId: chat.body.chatId, history }
}

export async function countCommands(site: Site, sessionId: string, state: string): Promise<number> {
  const { body } = await site.client.ask({
    method: 'GET',
    path: `/v1/commands?sessionId=${sessionId}&state=${state}&limit=200`,
  })
  return (body.data as unknown[]).length
}

async function pages<T>(site: Site, path: string, first = ''): Promise<T[]> {
  const rows: T[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await site.client.ask({ method: 'GET', path: `${path}${cursor === '' ? first : `&cursor=${cursor}`}` })
    if (page.status !== 200) throw new Error(`${path} answered ${page.status}: ${JSON.stringify(page.body)}`)
    rows.push(...(page.body.data as T[]))
    cursor = page.body.nextCursor as string | null
  }
  return rows
}
