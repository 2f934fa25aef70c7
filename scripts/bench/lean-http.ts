// A client that costs little: what is measured shares the machine with it.
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { text as readText } from 'node:stream/consumers'

export type LeanHttp = {
  /** Rejects unless the answer is 202. */
  post(url: string, body: object, headers?: Record<string, string>): Promise<void>
  close(): void
}

/** Over so many connections that are kept open. */
export function openLeanHttp(connections: number): LeanHttp {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return {
    async post(url, body, headers = {}) {
      const asking = request(url, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', ...headers },
      })
      asking.end(JSON.stringify(body))
      const [response] = (await once(asking, 'response')) as [IncomingMessage]
      const answer = await readText(response)
      if (response.statusCode !== 202) throw new Error(`${url} answered ${response.statusCode}: ${answer}`)
    },
    close: () => agent.destroy(),
  }
}
