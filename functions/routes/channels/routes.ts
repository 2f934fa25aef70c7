// Channels.
import { Hono } from 'hono'
import type { Api, AppEnv } from '../../deps.ts'
import { patchChannel, removeChannel } from './change.ts'
import { createChannel } from './create.ts'
import { followChannel, muteChannel, unfollowChannel } from './follow.ts'
import { listChannels } from './list.ts'
import { removeChannelPicture, setChannelPicture } from './picture.ts'
import { listPosts, watchChannel } from './posts.ts'
import { lookUpChannel, readChannel } from './read.ts'

const channels = '/v1/sessions/:sessionId/channels'
const one = `${channels}/:channelId` as const

export const channelsRoutes = (api: Api) =>
  new Hono<AppEnv>()
    .get(channels, listChannels(api))
    .post(channels, createChannel(api))
    .get(`${channels}/lookup`, lookUpChannel(api))
    .get(one, readChannel(api))
    .patch(one, patchChannel(api))
    .delete(one, removeChannel(api))
    .put(`${one}/follow`, followChannel(api))
    .delete(`${one}/follow`, unfollowChannel(api))
    .put(`${one}/mute`, muteChannel(api, true))
    .delete(`${one}/mute`, muteChannel(api, false))
    .put(`${one}/picture`, setChannelPicture(api))
    .delete(`${one}/picture`, removeChannelPicture(api))
    .get(`${one}/posts`, listPosts(api))
    .post(`${one}/watch`, watchChannel(api))
