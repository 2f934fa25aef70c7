// Chats by app state, over the real wire in both directions: what the phone changes is seen here, what we change is seen there.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../scripts/testing/api.ts'
import { openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
let api: TestApi
let ana: Phone
let beto: Phone
let chat: string
beforeAll(async () => {
  world = await openWorld()
  api = await openTestApi({ on: world })
  ;[ana, beto] = [await world.phone('Ana'), await world.phone('Beto')]
  await world.startConnector()
  await world.link('s', ana)
  await comes('hola')
  chat = `/v1/sessions/s/chats/${beto.phone}`
})
afterAll(async () => {
  await api.close()
  await world.close()
})

type AppState = { data: { index: string[]; value: Record<string, unknown> }[]; wrongMacs: number }

/** Beto's phone writes to us; what the feed says of it. */
async function comes(text: string): Promise<Record<string, unknown>> {
  const { messageId } = await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text })
  return (await world.untilEvent('message.received', (event) => event.data['messageId'] === messageId)).data
}
/** Ana changes something on her phone. */
const onPhone = (change: object) =>
  world.door('POST', `/phones/${ana.phone}/app-state`, { chat: beto.phone, ...change })
/** What Ana's phone makes of everything that was changed. */
async function atPhone(type: string): Promise<Record<string, unknown> | undefined> {
  const { data, wrongMacs } = (await world.door('GET', `/phones/${ana.phone}/app-state`)) as AppState
  expect(wrongMacs, 'patches that do not hold').toBe(0)
  return data.findLast(({ index }) => index[0] === type)?.value
}
/** The next `chat.updated` that shows it. */
const shown = (fits: (data: Record<string, unknown>) => boolean) =>
  world.untilEvent('chat.updated', (event) => fits(event.data))
const call = (method: string, path: string, body?: object) =>
  api.call(method, `${path}${path.includes('?') ? '&' : '?'}wait=30`, body ? { body } : {})

test('what the phone archives, pins, mutes, locks and marks unread is seen here', async () => {
  await onPhone({ archive: true })
  await shown((data) => data['isArchived'] === true)
  await onPhone({ pin: true })
  await shown((data) => data['isPinned'] === true)
  const until = new Date(Date.now() + 3_600_000).toISOString()
  await onPhone({ mute: until })
  await shown((data) => (data['mutedUntil'] as Date | undefined)?.toISOString() === until)
  await onPhone({ lock: true })
  await shown((data) => data['isLocked'] === true)
  await onPhone({ read: true })
  await shown((data) => data['isUnread'] === false)
  await onPhone({ read: false })
  await shown((data) => data['isUnread'] === true && data['unreadCount'] === 0)
  const { body } = await api.call('GET', chat)
  expect(body).toMatchObject({ isArchived: true, isPinned: true, isLocked: true, isUnread: true, unreadCount: 0 })
  await onPhone({ mute: null })
  await shown((data) => data['mutedUntil'] === undefined && data['isMuted'] !== true)
})

test('what we archive, pin, mute and mark unread is seen on the phone', async () => {
  const mutedUntil = '2030-01-01T00:00:00.000Z'
  const set = await call('PATCH', chat, { archived: false, pinned: false, mutedUntil })
  expect(set, JSON.stringify(set.body)).toMatchObject({ status: 200, body: { status: 'done' } })
  expect(await atPhone('archive')).toMatchObject({ archiveChatAction: { archived: false } })
  expect(await atPhone('pin_v1')).toMatchObject({ pinAction: { pinned: false } })
  expect(await atPhone('mute')).toMatchObject({
    muteAction: { muted: true, muteEndTimestamp: Date.parse(mutedUntil) },
  })
  expect((await api.call('GET', chat)).body).toMatchObject({ isArchived: false, isPinned: false, mutedUntil })
  expect((await call('POST', `${chat}/unread`)).status).toBe(200)
  expect(await atPhone('markChatAsRead')).toMatchObject({ markChatAsReadAction: { read: false } })
  expect((await api.call('GET', '/v1/sessions/s/chats?unread=true')).body.data).toHaveLength(1)
  expect((await call('PATCH', chat, { mutedUntil: null })).status).toBe(200)
  expect(await atPhone('mute')).toMatchObject({ muteAction: { muted: false } })
})

test('a change of ours that the phone was faster than is made all the same, and so is the one of the phone', async () => {
  await onPhone({ pin: true, onNextPatch: true })
  expect((await call('PATCH', chat, { archived: true })).status).toBe(200)
  expect(await atPhone('archive')).toMatchObject({ archiveChatAction: { archived: true } })
  expect(await atPhone('pin_v1')).toMatchObject({ pinAction: { pinned: true } })
  await shown((data) => data['isPinned'] === true && data['isArchived'] === true)
  await onPhone({ archive: false })
  await shown((data) => data['isPinned'] === true && data['isArchived'] === false)
})

test('a star from either side, and a message deleted for ourselves', async () => {
  const { messageId } = await comes('keep me')
  await onPhone({ star: { messageId } })
  await world.untilEvent('message.starred', (event) => event.data['messageId'] === messageId)
  const path = `/v1/sessions/s/messages/${String(messageId)}`
  expect((await api.call('GET', path)).body).toMatchObject({ isStarred: true })
  expect((await call('PUT', `${path}/star`, { starred: false })).status).toBe(200)
  expect(await atPhone('star')).toMatchObject({ starAction: { starred: false } })
  expect((await api.call('GET', path)).body).not.toHaveProperty('isStarred')

  expect((await call('DELETE', `${path}?for=me`)).status).toBe(200)
  expect(await atPhone('deleteMessageForMe')).toBeDefined()
  expect((await api.call('GET', path)).status).toBe(404)
  const { messageId: other } = await comes('forget me')
  await onPhone({ deleteForMe: { messageId: other } })
  await world.untilEvent('message.deleted', (event) => event.data['messageId'] === other)
  // Its row goes right behind the event.
  await expect.poll(async () => (await api.call('GET', `/v1/sessions/s/messages/${String(other)}`)).status).toBe(404)
})

test('a pin in the chat, ours and theirs', async () => {
  const { messageId } = await comes('the address')
  const path = `/v1/sessions/s/messages/${String(messageId)}`
  expect((await call('PUT', `${path}/pin`, { seconds: 86_400 })).status).toBe(200)
  expect((await api.call('GET', path)).body.pinnedUntil).toBeDefined()
  // The phone has it a moment after WhatsApp has taken it.
  const inbox = async () => (await world.inbox(beto)) as { kind: string; text?: string; targetId?: string }[]
  await expect
    .poll(async () => (await inbox()).find(({ kind }) => kind === 'pin'))
    .toMatchObject({ targetId: messageId, text: 'pinned' })
  await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, pin: { messageId, seconds: 0 } })
  const told = await world.untilEvent(
    'message.pinned',
    (event) => !(event.data['pin'] as { isPinned: boolean }).isPinned,
  )
  expect(told.data).toMatchObject({ messageId, pin: { by: (await comes('done'))['chatId'] } })
  expect((await api.call('GET', path)).body).not.toHaveProperty('pinnedUntil')
})

test('labels, from either side, on the label itself and on chats', async () => {
  await onPhone({ chat: undefined, label: { id: '7', name: 'Nuevo cliente', color: 3 } })
  await world.untilEvent('label.updated', (event) => event.data['labelId'] === '7')
  await onPhone({ labelChat: { labelId: '7' } })
  await shown((data) => (data['labels'] as string[]).includes('7'))
  const made = await call('POST', '/v1/sessions/s/labels', { name: 'Pagado', color: 5 })
  expect(made).toMatchObject({ status: 200, body: { labelId: '8' } })
  expect(await atPhone('label_edit')).toMatchObject({ labelEditAction: { name: 'Pagado', color: 5 } })
  expect((await api.call('GET', '/v1/sessions/s/labels')).body.data).toMatchObject([
    { labelId: '7', name: 'Nuevo cliente', color: 3 },
    { labelId: '8', name: 'Pagado', color: 5 },
  ])
  expect((await call('PATCH', chat, { labels: ['8'] })).status).toBe(200)
  expect(await atPhone('label_jid')).toMatchObject({ labelAssociationAction: { labeled: true } })
  expect((await api.call('GET', '/v1/sessions/s/chats?label=8')).body.data).toMatchObject([{ labels: ['8'] }])
  expect((await api.call('GET', '/v1/sessions/s/chats?label=7')).body.data).toEqual([])
  expect(await call('PATCH', chat, { labels: ['99'] })).toMatchObject({
    status: 404,
    body: { code: 'label.not_found' },
  })
  expect((await call('PATCH', '/v1/sessions/s/labels/8', { name: 'Cobrado' })).status).toBe(200)
  expect((await call('DELETE', '/v1/sessions/s/labels/8')).status).toBe(200)
  expect((await api.call('GET', chat)).body.labels).toEqual([])
  await onPhone({ chat: undefined, label: { id: '7', deleted: true } })
  await world.untilEvent('label.deleted', (event) => event.data['labelId'] === '7')
  expect((await call('PATCH', '/v1/sessions/s/labels/7', { name: 'x' })).body.code).toBe('label.not_found')
})

test('labels on single messages, from either side; they go with the label', async () => {
  const { messageId } = await comes('label me')
  const path = `/v1/sessions/s/messages/${String(messageId)}`
  const labeled = (id: unknown, isOn: boolean) =>
    world.untilEvent(
      'message.labeled',
      ({ data }) => data['messageId'] === id && (data['label'] as { isOn: boolean }).isOn === isOn,
    )
  await onPhone({ chat: undefined, label: { id: '9', name: 'Pedido', color: 1 } })
  await world.untilEvent('label.updated', (event) => event.data['labelId'] === '9')
  await onPhone({ labelMessage: { labelId: '9', messageId } })
  expect((await labeled(messageId, true)).data).toMatchObject({ labels: ['9'], label: { labelId: '9', isOn: true } })
  expect((await api.call('GET', path)).body).toMatchObject({ labels: ['9'] })
  expect((await call('DELETE', `${path}/labels/9`)).status).toBe(200)
  expect(await atPhone('label_message')).toMatchObject({ labelAssociationAction: { labeled: false } })
  expect((await labeled(messageId, false)).data['labels']).toEqual([])
  expect((await api.call('GET', path)).body).not.toHaveProperty('labels')

  expect((await call('PUT', `${path}/labels/9`)).status).toBe(200)
  expect(await atPhone('label_message')).toMatchObject({ labelAssociationAction: { labeled: true } })
  expect(await call('PUT', `${path}/labels/99`)).toMatchObject({ status: 404, body: { code: 'label.not_found' } })
  expect(await call('PUT', `/v1/sessions/s/messages/NONE/labels/9`)).toMatchObject({
    status: 404,
    body: { code: 'message.not_found' },
  })

  await onPhone({ chat: undefined, label: { id: '9', deleted: true } })
  await world.untilEvent('label.deleted', (event) => event.data['labelId'] === '9')
  expect((await api.call('GET', path)).body).not.toHaveProperty('labels')
})

test('a name of the address book is found by its beginnings', async () => {
  await onPhone({ contact: { name: 'Betónica Ñandú' } })
  await world.untilEvent('contact.updated', (event) => event.data['name'] === 'Betónica Ñandú')
  const found = async (q: string) =>
    (await api.call('GET', `/v1/sessions/s/chats?q=${encodeURIComponent(q)}`)).body.data as unknown[]
  expect(await found('nan beto')).toMatchObject([{ name: 'Betónica Ñandú' }])
  expect(await found('andu')).toEqual([])
})

test('messages that disappear: told to the other side', async () => {
  expect((await call('PATCH', chat, { ephemeralSeconds: 86_400 })).status).toBe(200)
  expect((await api.call('GET', chat)).body).toMatchObject({ ephemeralSeconds: 86_400 })
  expect(await call('PATCH', chat, { ephemeralSeconds: 5 })).toMatchObject({ status: 422 })
})

test('a chat cleared and deleted, from either side, and what is written later brings it back', async () => {
  const texts = async () =>
    ((await api.call('GET', `${chat}/messages`)).body.data as { text?: string }[]).map(({ text }) => text)
  expect((await call('DELETE', `${chat}/messages`)).status).toBe(200)
  expect(await atPhone('clearChat')).toBeDefined()
  expect(await texts()).toEqual([])
  // The phone clears up to the message before.
  const later = () => new Date(Date.now() + 60_000).toISOString()
  await comes('old')
  await onPhone({ clear: true, upTo: later() })
  await world.until('it is cleared', () =>
    world
      .of('chat.updated')
      .some(({ data }) => data['clearedAt'] instanceof Date && data['clearedAt'].getTime() > Date.now() + 30_000),
  )
  expect(await texts()).toEqual([])
  await onPhone({ delete: true, upTo: later() })
  await world.untilEvent('chat.deleted')
  expect(await api.call('GET', chat)).toMatchObject({ status: 404, body: { code: 'chat.not_found' } })
  expect((await api.call('GET', '/v1/sessions/s/chats')).body.data).toEqual([])
})

test('what the phone changed while the connector was down is seen when it is back', async () => {
  await comes('hello again')
  const [connector] = world.connectors()
  connector?.kill('SIGKILL')
  await connector?.exited
  await onPhone({ pin: true })
  const { messageId } = await sentAway('while away')
  await onPhone({ star: { messageId } })
  await onPhone({ labelMessage: { labelId: '11', messageId } })
  await world.startConnector()
  await world.untilEvent('message.starred', (event) => event.data['text'] === 'while away')
  const labeled = await world.untilEvent('message.labeled', (event) => event.data['messageId'] === messageId)
  expect(labeled.data).toMatchObject({ text: 'while away', labels: ['11'] })
})

/** Beto writes while nobody is here. */
async function sentAway(text: string): Promise<{ messageId: string }> {
  return (await world.door('POST', `/phones/${beto.phone}/messages`, { to: ana.phone, text })) as { messageId: string }
}
