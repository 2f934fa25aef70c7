// The other side of `accepted/s`: Hono on Node's HTTP server, one `insertOne` per request, and nothing else.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { MongoClient } from 'mongodb'

const { MONGODB_URI = '', MONGODB_DB = '', DOCUMENT_BYTES = '0' } = process.env
/** What the document weighs besides the text of the request. */
const padding = 'x'.repeat(Number(DOCUMENT_BYTES))

const client = new MongoClient(MONGODB_URI, { writeConcern: { w: 'majority', journal: true }, maxPoolSize: 20 })
const accepted = client.db(MONGODB_DB).collection('accepted')
const app = new Hono()
app.post('/messages', async (c) => {
  const { to, text } = await c.req.json<{ to: string; text: string }>()
  const { insertedId } = await accepted.insertOne({ to, text, padding })
  return c.json({ id: insertedId, status: 'queued' }, 202)
})

await client.connect()
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
  process.stdout.write(`ready ${JSON.stringify({ api: `http://127.0.0.1:${port}` })}\n`),
)
process.on('disconnect', () => process.exit(0))
