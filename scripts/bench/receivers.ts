// Many WebSocket clients in a process of their own, who only count what comes.
import WebSocket from 'ws'
import { serveTasks } from './serve-tasks.ts'

export type Task =
  /** Opens so many. With `subscribe`, that frame is sent and its answer awaited; then events are counted, else messages. */
  | { do: 'open'; url: string; protocols: string[]; subscribe?: object; sockets: number }
  /** Answers when every socket has had that many in all. */
  | { do: 'seen'; events: number }

type Receiver = { seen: number }

const opensAtOnce = 50
const receivers: Receiver[] = []
let wanted = Infinity
let missing = 0
let onAll = (): void => undefined

function count(receiver: Receiver, seen: number): void {
  const had = receiver.seen
  receiver.seen = seen
  if (had >= wanted || seen < wanted) return
  missing -= 1
  if (missing === 0) onAll()
}

/** The places a frame says stand at its beginning, so that counting costs little. Places have no gaps. */
function placesOf(data: Buffer): [stream: string, place: number][] {
  const places = /"at":(\{[^}]*\})/.exec(data.toString('latin1', 0, 400))?.[1]
  return places === undefined ? [] : Object.entries(JSON.parse(places) as Record<string, number>)
}

function open({ url, protocols, subscribe }: Extract<Task, { do: 'open' }>): Promise<void> {
  const receiver: Receiver = { seen: 0 }
  // The first one reads every frame in full: what the others take from the place alone must be what comes.
  const isThorough = receivers.push(receiver) === 1
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    if (!subscribe) {
      socket.once('open', resolve)
      socket.on('message', () => count(receiver, receiver.seen + 1))
      return
    }
    const from = new Map<string, number>()
    const at = new Map<string, number>()
    socket.once('open', () => socket.send(JSON.stringify(subscribe)))
    socket.once('message', (first: Buffer) => {
      for (const [stream, place] of placesOf(first)) from.set(stream, place)
      resolve()
      socket.on('message', (data: Buffer) => {
        if (isThorough) {
          const { events = [] } = JSON.parse(data.toString()) as { events?: object[] }
          return count(receiver, receiver.seen + events.length)
        }
        for (const [stream, place] of placesOf(data)) at.set(stream, place - (from.get(stream) ?? 0))
        count(
          receiver,
          [...at.values()].reduce((sum, moved) => sum + moved, 0),
        )
      })
    })
  })
}

serveTasks(async (task: Task) => {
  switch (task.do) {
    case 'open':
      for (let left = task.sockets; left > 0; left -= opensAtOnce)
        await Promise.all(Array.from({ length: Math.min(left, opensAtOnce) }, () => open(task)))
      return {}
    case 'seen':
      wanted = task.events
      missing = receivers.filter(({ seen }) => seen < wanted).length
      if (missing > 0) await new Promise<void>((resolve) => (onAll = resolve))
      return {}
  }
})
