// What we do in groups, and what WhatsApp answers. Where rc14 keeps an answer to itself it is asked here directly.
import {
  getBinaryNodeChild,
  getBinaryNodeChildren,
  type BinaryNode,
  type GroupMetadata,
  type WASocket,
} from '@whiskeysockets/baileys'
import type { GroupSettings } from '../../shared/model/group.ts'
import type { GroupState, PersonFact } from './facts.ts'
import { toGroupState } from './group-facts.ts'
import { toMetadata, type GroupCache, type KnownGroup } from './group-cache.ts'
import type { Identities } from './identities.ts'

export type Groups = ReturnType<typeof createGroups>

/** What became of one person. `code` is WhatsApp's; absent = it was done. */
export type MemberAnswer = {
  jid: string
  code?: number
  /** They may be invited instead, until then. */
  invite?: { code: string; expiresAt: Date }
}
export type JoinRequest = PersonFact & { at?: Date; method?: string }

export type GroupsOptions = {
  sock: WASocket
  cache: GroupCache
  identities: Identities
  /** The group as our rows have it. */
  readRow: (groupId: string) => Promise<KnownGroup | undefined>
  /** Whole groups as WhatsApp tells them; with `isAll` there are no others. */
  onStates: (groups: GroupState[], isAll: boolean) => void
}

/** WhatsApp's code in an error of rc14's `query`; `undefined` when it was something else. */
export function refusalOf(error: unknown): number | undefined {
  const { data, output } = (error ?? {}) as { data?: unknown; output?: { statusCode?: number } }
  const code = typeof data === 'number' || typeof data === 'string' ? Number(data) : undefined
  if (code !== undefined && Number.isInteger(code)) return code
  const status = output?.statusCode
  return data !== undefined && status !== undefined && status >= 400 && status < 500 ? status : undefined
}

export function createGroups({ sock, cache, identities, readRow, onStates }: GroupsOptions) {
  const ask = (to: string, type: 'get' | 'set', content: BinaryNode[]): Promise<BinaryNode> =>
    sock.query({ tag: 'iq', attrs: { type, xmlns: 'w:g2', to }, content })

  function learn(metadata: GroupMetadata): GroupState {
    const state = toGroupState(metadata, identities)
    cache.set(state.groupId, state)
    onStates([state], false)
    return state
  }

  async function known(groupId: string): Promise<KnownGroup> {
    const kept = cache.get(groupId) ?? (await readRow(groupId))
    if (kept) {
      cache.set(groupId, kept)
      return kept
    }
    return learn(await sock.groupMetadata(groupId))
  }

  const toAnswers = (parent: BinaryNode | undefined): MemberAnswer[] =>
    getBinaryNodeChildren(parent, 'participant').map((one) => {
      const offer = getBinaryNodeChild(one, 'add_request')
      const { code, expiration } = offer?.attrs ?? {}
      const error = Number(one.attrs['error'] ?? 200)
      return {
        jid: one.attrs['jid'] ?? '',
        ...(error === 200 ? {} : { code: error }),
        ...(code && expiration ? { invite: { code, expiresAt: new Date(Number(expiration) * 1000) } } : {}),
      }
    })

  const people = (jids: readonly string[]): BinaryNode[] => jids.map((jid) => ({ tag: 'participant', attrs: { jid } }))

  const set = (groupId: string, tag: string, content?: BinaryNode['content'], attrs: BinaryNode['attrs'] = {}) =>
    ask(groupId, 'set', [{ tag, attrs, ...(content === undefined ? {} : { content }) }])

  return {
    /** For `cachedGroupMetadata`. Rejects when WhatsApp knows no such group or we are not in it. */
    metadata: async (groupId: string): Promise<GroupMetadata> => toMetadata(groupId, await known(groupId)),

    /** All groups that this account is in, told as `onStates`. */
    async fetchAll(): Promise<void> {
      const all = Object.values(await sock.groupFetchAllParticipating()).map((one) => toGroupState(one, identities))
      for (const state of all) cache.set(state.groupId, state)
      onStates(all, true)
    },
    async refresh(groupId: string): Promise<GroupState> {
      return learn(await sock.groupMetadata(groupId))
    },

    /** The group that was made, and those who could not be put into it. */
    async create(subject: string, jids: readonly string[]): Promise<{ state: GroupState; refused: MemberAnswer[] }> {
      const key = sock.generateMessageTag()
      const answer = await ask('@g.us', 'set', [{ tag: 'create', attrs: { subject, key }, content: people(jids) }])
      const group = getBinaryNodeChild(answer, 'group')
      const id = group?.attrs['id']
      if (!id) throw new Error('WhatsApp did not say which group it made')
      const refused = toAnswers(group).filter(({ code }) => code !== undefined)
      const state = learn(await sock.groupMetadata(id.includes('@') ? id : `${id}@g.us`))
      return { state, refused }
    },
    async changeMembers(
      groupId: string,
      action: 'add' | 'remove' | 'promote' | 'demote',
      jids: readonly string[],
    ): Promise<MemberAnswer[]> {
      return toAnswers(getBinaryNodeChild(await set(groupId, action, people(jids)), action))
    },
    async change(groupId: string, wanted: Partial<GroupSettings>): Promise<void> {
      if (wanted.subject !== undefined) await sock.groupUpdateSubject(groupId, wanted.subject)
      if (wanted.description !== undefined) await sock.groupUpdateDescription(groupId, wanted.description)
      if (wanted.announce !== undefined)
        await sock.groupSettingUpdate(groupId, wanted.announce ? 'announcement' : 'not_announcement')
      if (wanted.locked !== undefined) await sock.groupSettingUpdate(groupId, wanted.locked ? 'locked' : 'unlocked')
      if (wanted.ephemeralSeconds !== undefined) await sock.groupToggleEphemeral(groupId, wanted.ephemeralSeconds)
      if (wanted.memberAddMode !== undefined) await sock.groupMemberAddMode(groupId, wanted.memberAddMode)
      if (wanted.joinApproval !== undefined)
        await sock.groupJoinApprovalMode(groupId, wanted.joinApproval ? 'on' : 'off')
    },
    leave: (groupId: string): Promise<void> => sock.groupLeave(groupId),

    inviteCode: async (groupId: string): Promise<string | undefined> => sock.groupInviteCode(groupId),
    renewInvite: async (groupId: string): Promise<string | undefined> => sock.groupRevokeInvite(groupId),
    /** `pending`: an admin has to say yes. */
    async join(code: string): Promise<{ groupId: string; outcome: 'joined' | 'pending' }> {
      const answer = await ask('@g.us', 'set', [{ tag: 'invite', attrs: { code } }])
      const joined = getBinaryNodeChild(answer, 'group')
      const groupId = joined?.attrs['jid'] ?? getBinaryNodeChild(answer, 'membership_approval_request')?.attrs['jid']
      if (!groupId) throw new Error('WhatsApp did not say which group it is')
      return { groupId, outcome: joined ? 'joined' : 'pending' }
    },
    async requests(groupId: string): Promise<JoinRequest[]> {
      const rows = await sock.groupRequestParticipantsList(groupId)
      return rows.slice(0, 1_000).flatMap((row) => {
        const jids = identities.jidsOf(row['jid'], row['phone_number'])
        const seconds = Number(row['request_time'])
        if (!jids) return []
        return [
          {
            jids,
            isMe: false,
            ...(seconds > 0 ? { at: new Date(seconds * 1000) } : {}),
            ...(row['request_method'] ? { method: row['request_method'].slice(0, 50) } : {}),
          },
        ]
      })
    },
    async decide(groupId: string, action: 'approve' | 'reject', jids: readonly string[]): Promise<MemberAnswer[]> {
      const answer = await set(groupId, 'membership_requests_action', [
        { tag: action, attrs: {}, content: people(jids) },
      ])
      return toAnswers(getBinaryNodeChild(getBinaryNodeChild(answer, 'membership_requests_action'), action))
    },
  }
}
