// Groups.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { changeParticipants } from './change-participants.ts'
import { createGroup } from './create.ts'
import { readInvite, renewInvite } from './invite.ts'
import { joinGroup } from './join.ts'
import { leaveGroup, removeGroup } from './leave.ts'
import { listGroups } from './list.ts'
import { patchGroup } from './patch.ts'
import { readGroup } from './read.ts'
import { decideRequests, listRequests } from './requests.ts'

const groups = '/v1/sessions/:sessionId/groups'

export const groupsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get(groups, listGroups(api))
    .post(groups, createGroup(api))
    .post(`${groups}/join`, joinGroup(api))
    .get(`${groups}/:groupId`, readGroup(api))
    .patch(`${groups}/:groupId`, patchGroup(api))
    .delete(`${groups}/:groupId`, removeGroup(api))
    .post(`${groups}/:groupId/participants`, changeParticipants(api))
    .get(`${groups}/:groupId/invite`, readInvite(api))
    .delete(`${groups}/:groupId/invite`, renewInvite(api))
    .get(`${groups}/:groupId/requests`, listRequests(api))
    .post(`${groups}/:groupId/requests`, decideRequests(api))
    .post(`${groups}/:groupId/leave`, leaveGroup(api))
