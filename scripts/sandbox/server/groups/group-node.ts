// A group as the server describes it to clients: addressed by LID, with the phone numbers beside.
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Group } from '../../records.ts'
import type { Exchange } from '../exchange.ts'
import { node } from '../nodes.ts'

type Directory = Exchange['directory']

/** The attributes that name one person, `lid` first. */
export const personAttributes = (directory: Directory, phone: string) => {
  const { jid, pn } = directory.named({ phone, device: 0 })
  return { jid, phone_number: pn }
}

export const groupNode = (directory: Directory, group: Group): BinaryNode => {
  const lid = (phone: string) => directory.jid({ phone, device: 0 }, 'lid')
  const pn = (phone: string) => directory.jid({ phone, device: 0 }, 'pn')
  const { description } = group
  return node(
    'group',
    {
      id: group.id.split('@')[0],
      subject: group.subject,
      s_t: group.subjectAt,
      s_o: lid(group.subjectBy),
      s_o_pn: pn(group.subjectBy),
      creation: group.createdAt,
      creator: lid(group.creator),
      creator_pn: pn(group.creator),
      addressing_mode: 'lid',
      size: group.members.length,
    },
    [
      ...group.members.map(({ phone, role }) =>
        node('participant', { ...personAttributes(directory, phone), type: role === 'member' ? undefined : role }),
      ),
      ...(description
        ? [
            node(
              'description',
              {
                id: description.id,
                t: description.at,
                participant: lid(description.by),
                participant_pn: pn(description.by),
              },
              [node('body', {}, Buffer.from(description.body))],
            ),
          ]
        : []),
      ...(group.announce ? [node('announcement')] : []),
      ...(group.locked ? [node('locked')] : []),
      ...(group.ephemeral > 0 ? [node('ephemeral', { expiration: group.ephemeral })] : []),
      ...(group.joinApproval ? [node('membership_approval_mode', {}, [node('group_join', { state: 'on' })])] : []),
      node('member_add_mode', {}, Buffer.from(group.memberAddMode)),
    ],
  )
}
