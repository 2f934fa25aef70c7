// A real mongod, run by mongodb-memory-server as a replica set of one that keeps its data.
import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { DryMongoBinary, MongoBinary, MongoMemoryServer } from 'mongodb-memory-server'

const setName = 'wastream'
const probeTimeoutMs = 4000
const electionTimeoutMs = 30_000
const alreadyInitialized = 23

/** MONGOMS_SYSTEM_BINARY, then PATH, then what mongodb-memory-server has downloaded before. */
export async function findMongod(): Promise<string | undefined> {
  const named = process.env['MONGOMS_SYSTEM_BINARY']
  if (named) return named
  const program = process.platform === 'win32' ? 'mongod.exe' : 'mongod'
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program))
  return onPath.find(isExecutable) ?? cached()
}

async function cached(): Promise<string | undefined> {
  try {
    return await DryMongoBinary.locateBinary({ version: '' })
  } catch {
    // It throws where MongoDB has no build for this system: then there is none in its cache either.
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Throws within 5 s where the download's host cannot be reached; shows its progress where it can. */
export async function downloadMongod(log: (line: string) => void): Promise<string> {
  const host =
    process.env['MONGOMS_DOWNLOAD_URL'] ?? process.env['MONGOMS_DOWNLOAD_MIRROR'] ?? 'https://fastdl.mongodb.org'
  try {
    await fetch(host, { method: 'HEAD', signal: AbortSignal.timeout(probeTimeoutMs) })
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error }
    throw new Error(`${host} cannot be reached (${cause?.message ?? message})`, { cause: error })
  }
  log(`No mongod on this machine; downloading one from ${host}`)
  return MongoBinary.getPath({})
}

export async function runMongod(
  systemBinary: string,
  dataDir: string,
  port: number,
): Promise<{ uri: string; close(): Promise<void> }> {
  const dbPath = join(dataDir, 'mongod')
  mkdirSync(dbPath, { recursive: true })
  const server = await MongoMemoryServer.create({
    binary: { systemBinary },
    instance: { dbPath, storageEngine: 'wiredTiger', replSet: setName, ip: '127.0.0.1', ...(port > 0 ? { port } : {}) },
  })
  const host = `127.0.0.1:${server.instanceInfo!.port}`
  try {
    await becomePrimary(host)
  } catch (error) {
    await server.stop({ doCleanup: false })
    throw error
  }
  return {
    uri: `mongodb://${host}/?replicaSet=${setName}`,
    close: async () => {
      await server.stop({ doCleanup: false })
    },
  }
}

/** The set's configuration holds the address, which may have been another one before a restart. */
async function becomePrimary(host: string): Promise<void> {
  const client = await MongoClient.connect(`mongodb://${host}/?directConnection=true`)
  try {
    const admin = client.db('admin')
    const members = [{ _id: 0, host }]
    try {
      await admin.command({ replSetInitiate: { _id: setName, members } })
    } catch (error) {
      if ((error as { code?: number }).code !== alreadyInitialized) throw error
      const { config } = await admin.command({ replSetGetConfig: 1 })
      await admin.command({ replSetReconfig: { ...config, version: config.version + 1, members }, force: true })
    }
    const giveUpAt = Date.now() + electionTimeoutMs
    while ((await admin.command({ hello: 1 }))['isWritablePrimary'] !== true) {
      if (Date.now() > giveUpAt)
        throw new Error(`mongod at ${host} did not become primary within ${electionTimeoutMs} ms`)
      await delay(100)
    }
  } finally {
    await client.close()
  }
}
