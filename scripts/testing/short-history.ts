// A MongoDB that forgets: its change streams reach back only so many changes, so that a place is soon gone (error 286).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded } from '../embedded-mongo/embedded-server.ts'

export async function openShortHistory(maxEntries: number): Promise<{ uri: string; close(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wastream-short-'))
  const opened = await openEmbedded({ dataDir, historyBounds: { maxEntries, maxBytes: 2 ** 20 } })
  return {
    uri: opened.uri,
    async close() {
      await opened.close()
      rmSync(dataDir, { recursive: true })
    },
  }
}
