// What happens to groups, in our words. Everything comes from the lines that WhatsApp puts into a group's chat: each has
// an id, an author and a time, which rc14's own group events lose when several are folded into one (Utils/event-buffer.js).
import {
  proto,
  WAMessageAddressingMode,
  WAMessageStubType,
  type GroupMetadata,
  type WAMessage,
} from '@whiskeysockets/baileys'
import {
  longestDescription,
  longestSubject,
  maxMembers,
  type GroupRole,
  type GroupSettings,
} from '../../shared/model/group.ts'
import { isGroupJid } from '../../shared/model/jid.ts'
import { isMessageId, toPlain, toSeconds, toTime } from './bounds.ts'
import { toInstant } from './content.ts'
import type { Fact, GroupChange, GroupState, MessageFact, PersonFact } from './facts.ts'
import type { Identities } from './identities.ts'

const Stub = WAMessageStubType
const longestValue = 2_048

function personOf(identities: Identities, jid?: string | null, alt?: string | null): PersonFact | undefined {
  const jids = identities.jidsOf(jid, alt) ?? identities.jidsOf(alt)
  return jids && { jids, isMe: jids.some((form) => identities.isMe(form)) }
}

const toRole = (type: string | null | undefined): GroupRole =>
  type === 'superadmin' ? 'superadmin' : type === 'admin' ? 'admin' : 'member'

export function toGroupState(metadata: GroupMetadata, identities: Identities): GroupState {
  const owner = personOf(identities, metadata.owner, metadata.ownerPn)
  const foundedAt = toTime(Number(metadata.creation) * 1_000)
  return {
    groupId: metadata.id,
    addressing: metadata.addressingMode === WAMessageAddressingMode.PN ? 'pn' : 'lid',
    subject: toPlain(metadata.subject, longestSubject),
    description: toPlain(metadata.desc, longestDescription),
    announce: metadata.announce === true,
    locked: metadata.restrict === true,
    ephemeralSeconds: toSeconds(metadata.ephemeralDuration),
    memberAddMode: metadata.memberAddMode ? 'all_member_add' : 'admin_add',
    joinApproval: metadata.joinApprovalMode === true,
    ...(owner ? { owner } : {}),
    ...(foundedAt ? { foundedAt } : {}),
    members: metadata.participants.slice(0, maxMembers).flatMap((one) => {
      const person = personOf(identities, one.id, one.phoneNumber ?? one.lid)
      return person ? [{ ...person, role: toRole(one.admin) }] : []
    }),
  }
}

type Told = { kind: string; change: GroupChange; people?: PersonFact[]; value?: string }

/** People as rc14 hands them over: one JSON text each. What cannot be read is left out. */
function peopleOf(parameters: readonly string[], identities: Identities): PersonFact[] {
  return parameters.slice(0, maxMembers).flatMap((text) => {
    try {
      const one = JSON.parse(text) as Record<'id' | 'phoneNumber' | 'lid' | 'pn', string | undefined>
      const person = personOf(identities, one.id ?? one.lid, one.phoneNumber ?? (one.id ? one.lid : one.pn))
      return person ? [person] : []
    } catch {
      return []
    }
  })
}

function toTold(message: WAMessage, identities: Identities): Told | undefined {
  const parameters = message.messageStubParameters ?? []
  const value = toPlain(parameters[0], longestValue)
  const isOn = value === 'on' || value === 'true'
  const settings = (kind: string, changed: Partial<GroupSettings>): Told => ({
    kind,
    value,
    change: { type: 'settings', settings: changed },
  })
  const members = (kind: string, action: 'add' | 'remove' | 'promote' | 'demote'): Told => {
    const people = peopleOf(parameters, identities)
    return { kind, people, change: { type: 'members', action, people } }
  }
  switch (message.messageStubType) {
    case Stub.GROUP_CREATE:
      return { kind: 'group.create', value, change: { type: 'other' } }
    case Stub.GROUP_PARTICIPANT_ADD:
    case Stub.GROUP_PARTICIPANT_INVITE:
    case Stub.GROUP_PARTICIPANT_ADD_REQUEST_JOIN:
      return members('group.add', 'add')
    case Stub.GROUP_PARTICIPANT_REMOVE:
      return members('group.remove', 'remove')
    case Stub.GROUP_PARTICIPANT_LEAVE:
      return members('group.leave', 'remove')
    case Stub.GROUP_PARTICIPANT_PROMOTE:
      return members('group.promote', 'promote')
    case Stub.GROUP_PARTICIPANT_DEMOTE:
      return members('group.demote', 'demote')
    case Stub.GROUP_CHANGE_SUBJECT:
      return settings('group.subject', { subject: toPlain(parameters[0], longestSubject) })
    case Stub.GROUP_CHANGE_DESCRIPTION:
      return settings('group.description', { description: toPlain(parameters[0], longestDescription) })
    case Stub.GROUP_CHANGE_ANNOUNCE:
      return settings('group.announce', { announce: isOn })
    case Stub.GROUP_CHANGE_RESTRICT:
      return settings('group.locked', { locked: isOn })
    case Stub.GROUP_MEMBER_ADD_MODE:
      return settings('group.member_add_mode', {
        memberAddMode: value === 'all_member_add' ? 'all_member_add' : 'admin_add',
      })
    case Stub.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE:
      return settings('group.join_approval', { joinApproval: isOn })
    case Stub.GROUP_CHANGE_INVITE_LINK:
      // The link lets in whoever has it: it is asked for, not kept.
      return { kind: 'group.invite', change: { type: 'other' } }
    case Stub.GROUP_CHANGE_ICON:
      return { kind: 'group.picture', change: { type: 'other' } }
    case Stub.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD: {
      const [person] = peopleOf(parameters.slice(0, 1), identities)
      const action = (['created', 'revoked', 'rejected'] as const).find((one) => one === parameters[1])
      if (!person || !action) return undefined
      const method = parameters[2] ? { method: toPlain(parameters[2], 50) } : {}
      return {
        kind: 'group.join_request',
        people: [person],
        value: action,
        change: { type: 'request', action, person, ...method },
      }
    }
    default:
      return undefined
  }
}

/** The time after which messages disappear comes without a stub (rc14, Socket/messages-recv.js handleGroupNotification). */
function toEphemeral(message: WAMessage): Told | undefined {
  const protocol = message.message?.protocolMessage
  if (protocol?.type !== proto.Message.ProtocolMessage.Type.EPHEMERAL_SETTING) return undefined
  const ephemeralSeconds = toSeconds(protocol.ephemeralExpiration)
  return {
    kind: 'group.ephemeral',
    value: String(ephemeralSeconds),
    change: { type: 'settings', settings: { ephemeralSeconds } },
  }
}

/** `undefined` for everything that is no line about a group. */
export function toGroupChange(
  message: WAMessage,
  identities: Identities,
  historical = false,
): Extract<Fact, { kind: 'group-change' }> | undefined {
  const { key } = message
  if (!key.remoteJid || !isGroupJid(key.remoteJid) || !isMessageId(key.id)) return undefined
  const told = toTold(message, identities) ?? toEphemeral(message)
  const chat = identities.jidsOf(key.remoteJid)
  if (!told || !chat) return undefined
  const by = key.fromMe ? undefined : personOf(identities, key.participant, key.participantAlt)
  const isMine = key.fromMe === true || by?.isMe === true
  const line: MessageFact = {
    kind: 'message',
    chat,
    sender: isMine ? 'me' : (by?.jids ?? chat),
    messageId: key.id,
    at: toInstant(message.messageTimestamp),
    historical,
    content: {
      type: 'system',
      kind: told.kind,
      system: {
        ...(isMine ? { by: 'me' } : by ? { by: by.jids[0] } : {}),
        ...(told.people ? { people: told.people.slice(0, 100).map((one) => (one.isMe ? 'me' : one.jids[0])) } : {}),
        ...(told.value ? { value: told.value } : {}),
      },
    },
  }
  return { kind: 'group-change', message: line, ...(by ? { by } : {}), change: told.change }
}
