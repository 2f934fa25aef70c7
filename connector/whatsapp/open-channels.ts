// Channels on one socket: what is heard of them from its raw nodes, what is done with them, and their posts kept safe.
import type { BinaryNode, WASocket } from '@whiskeysockets/baileys'
import { liveUpdatesToFact, noticeToFact } from './channel-facts.ts'
import { createChannels, type Channels } from './channels.ts'
import type { Fact } from './facts.ts'
import { keepPost, type PostKeeper } from './post-arrival.ts'

export type OpenChannelsOptions = PostKeeper & {
  sock: WASocket
  tell: (fact: Fact, stored: () => void) => void
  onError: (error: unknown, what: string) => void
}

export function openChannels(options: OpenChannelsOptions): Channels {
  const { sock, tell, onError } = options
  const nothing = () => undefined
  // A listener that throws would take the socket's others along.
  const hear = (work: (node: BinaryNode) => void) => (node: BinaryNode) => {
    try {
      work(node)
    } catch (error) {
      onError(error, 'what was said of a channel could not be read')
    }
  }
  const tellOf = (convert: (node: BinaryNode) => Fact | undefined) =>
    hear((node) => {
      const fact = convert(node)
      if (fact) tell(fact, nothing)
    })
  // Listened to before Baileys takes the node further (rc14, Socket/socket.js onMessageReceived).
  sock.ws.on(
    'frame',
    hear((node) => keepPost(node, options)),
  )
  sock.ws.on('CB:notification,type:mex', tellOf(noticeToFact))
  sock.ws.on('CB:notification,type:newsletter', tellOf(liveUpdatesToFact))
  return createChannels({
    sock,
    onStates: (states, isAll) => tell({ kind: 'channels', channels: states, isAll }, nothing),
  })
}
