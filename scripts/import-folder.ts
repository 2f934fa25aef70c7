// A link of Baileys' own multi-file folder, posted as a bundle: `npm run import -- <folder> [sessionId] [--sandbox]`.
// WASTREAM_URL (default http://localhost:3000) and WASTREAM_KEY name the API and a key that may write sessions.
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sealBundle, type BundleContent } from '../shared/store/bundle.ts'

/** Longest first: `sender-key-memory-…` is no `sender-key`. */
const types = [
  'app-state-sync-version',
  'app-state-sync-key',
  'sender-key-memory',
  'identity-key',
  'lid-mapping',
  'device-list',
  'sender-key',
  'pre-key',
  'session',
  'tctoken',
]

/**
 * A file's name as its type and id: `/` is written `__` and `:` is written `-` (Baileys 7.0.0-rc14, use-multi-file-auth-state.js).
 * Only sender keys (`group::user::device`) hold colons; an old group's id has a dash of its own. `undefined`: not a key.
 */
export function toKeyName(fileName: string): { type: string; id: string } | undefined {
  const name = /^(.+)\.json$/.exec(fileName)?.[1]?.replaceAll('__', '/')
  const type = types.find((one) => name?.startsWith(`${one}-`))
  if (name === undefined || type === undefined) return undefined
  const id = name.slice(type.length + 1)
  return { type, id: type === 'sender-key' ? id.replace(/^(.+)--(.+)--(\d+)$/, '$1::$2::$3') : id }
}

/** Throws when the folder has no `creds.json`. What is no key of Baileys' is left out. */
export async function readFolder(folder: string, sandbox: boolean): Promise<BundleContent> {
  const creds = await readFile(join(folder, 'creds.json'), 'utf8')
  const keys: BundleContent['keys'] = []
  for (const fileName of await readdir(folder)) {
    const name = toKeyName(fileName)
    if (!name) continue
    const json = await readFile(join(folder, fileName), 'utf8')
    if (json.length > 1) keys.push({ ...name, json })
  }
  return { sandbox, creds, keys }
}

/** The id of the new session. Throws what the API answered. */
export async function importFolder(
  folder: string,
  to: { url: string; key: string; sessionId?: string | undefined; sandbox?: boolean },
): Promise<string> {
  const passphrase = randomBytes(24).toString('base64url')
  const bundle = await sealBundle(await readFolder(folder, to.sandbox ?? false), passphrase)
  const response = await fetch(`${to.url}/v1/sessions/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${to.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ bundle, passphrase, ...(to.sessionId === undefined ? {} : { sessionId: to.sessionId }) }),
  })
  const answer = (await response.json()) as { sessionId?: string; code?: string; title?: string }
  if (!response.ok || answer.sessionId === undefined)
    throw new Error(`the API answered ${response.status} ${answer.code}: ${answer.title}`)
  return answer.sessionId
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder, sessionId] = process.argv.slice(2).filter((one) => !one.startsWith('--'))
  const key = process.env.WASTREAM_KEY
  if (folder === undefined || key === undefined) {
    console.error('WASTREAM_KEY=… npm run import -- <folder> [sessionId] [--sandbox]')
    process.exitCode = 1
  } else
    await importFolder(folder, {
      url: process.env.WASTREAM_URL ?? 'http://localhost:3000',
      key,
      sessionId,
      sandbox: process.argv.includes('--sandbox'),
    }).then(
      (id) => console.log(`imported as ${id}; the program that used this folder must not run any more`),
      (error: unknown) => {
        console.error((error as Error).message)
        process.exitCode = 1
      },
    )
}
