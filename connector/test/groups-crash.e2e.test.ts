// A group's traffic under kill -9: the keys that people gave us once must not be lost with the process.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { numbered, openWorld, type Phone, type World } from '../../scripts/testing/world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

test('a connector killed three times while two members write and others come and go loses nothing and doubles nothing', async () => {
  const [ana, beto, eva, leo] = (await Promise.all(['Ana', 'Beto', 'Eva', 'Leo'].map((name) => world.phone(name)))) as [
    Phone,
    Phone,
    Phone,
    Phone,
  ]
  let connector = await world.startConnector()
  await world.link('s', ana)
  const made = await world.door('POST', '/groups', {
    owner: beto.phone,
    subject: 'Under fire',
    participants: [ana.phone, eva.phone],
  })
  const { id: group } = made['group'] as { id: string }
  await world.untilEvent('group.updated', (event) => event.data['groupId'] === group)
  const texts = (prefix: string) =>
    world
      .of('message.received')
      .map((event) => String(event.data['text']))
      .filter((text) => text.startsWith(prefix))
  const burst = (phone: Phone, text: string, count: number) =>
    world.door('POST', `/phones/${phone.phone}/messages`, { to: group, text, count })
  const writing = Promise.all([burst(beto, 'beto', 80), burst(eva, 'eva', 80)])
  const changing = (async () => {
    for (const action of ['add', 'promote', 'demote', 'remove', 'add', 'remove'])
      await world.door('POST', `/groups/${group}/participants`, { by: beto.phone, action, participants: [leo.phone] })
  })()
  for (let kill = 1; kill <= 3; kill += 1) {
    await world.until(`${kill * 40} received`, () => texts('beto ').length + texts('eva ').length >= kill * 40)
    connector.kill('SIGKILL')
    await connector.exited
    connector = await world.startConnector()
  }
  await Promise.all([writing, changing])
  await world.until('all received', () => texts('beto ').length >= 80 && texts('eva ').length >= 80)
  expect(texts('beto '), 'all, in order, none twice').toEqual(numbered('beto', 80))
  expect(texts('eva '), 'all, in order, none twice').toEqual(numbered('eva', 80))
  for (const phone of [beto, eva]) {
    const { counters } = await world.phoneState(phone)
    expect(counters.retryReceiptsReceived, 'nobody was asked to send anything again').toBe(0)
  }

  // What happened to the group while nobody was here is known again with the next connection.
  const members = async () => (await world.store.groups.read('s', group))?.members.map(({ lid }) => lid).sort()
  await expect.poll(members).toEqual([ana.lid, beto.lid, eva.lid].sort())
  const ours = await world.post('s', beto, 'still here', { to: group })
  await world.untilEvent('message.delivered', ({ data }) => data['messageId'] === ours)
})
