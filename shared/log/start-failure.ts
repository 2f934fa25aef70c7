// Why a program could not start, in one sentence that names the setting to change. Never a stack, never a password.
import { Problem } from '../model/problem.ts'
import { codeOf } from './error-fields.ts'

/** What the program was started with; absent: it does not use it. */
export type StartedWith = {
  /** The setting that says where it listens, and its value. */
  port?: { name: string; value: number }
  host?: string
  mongodbUri?: string | undefined
  dataDir?: string
}

type Failure = { name?: string; message?: string; syscall?: string; code?: unknown; cause?: unknown }

export function toStartSentence(error: unknown, given: StartedWith): string {
  const failure: Failure = typeof error === 'object' && error !== null ? error : { message: String(error) }
  const sentence =
    error instanceof Problem
      ? error.message
      : (ofMongodb(failure, given.mongodbUri) ?? ofPort(failure, given) ?? ofFolder(failure, given.dataDir))
  return sentence ?? (failure.message ?? 'It could not start').split('\n')[0] ?? ''
}

/** Where it leads, without user, password and options. */
export function hostsOf(mongodbUri: string): string {
  return mongodbUri
    .replace(/^mongodb(?:\+srv)?:\/\//, '')
    .replace(/^.*@/s, '')
    .replace(/[/?].*$/s, '')
}

function ofMongodb(failure: Failure, uri: string | undefined): string | undefined {
  const name = failure.name ?? ''
  if (!name.startsWith('Mongo') || uri === undefined) return undefined
  // What the driver says of a string that it cannot read repeats the string.
  if (/^Mongo(?:Parse|API|InvalidArgument)Error$/.test(name))
    return 'MONGODB_URI is not an address that MongoDB’s driver can read'
  const hosts = hostsOf(uri)
  if (failure.code === 18 || /authentication failed/i.test(failure.message ?? ''))
    return `MONGODB_URI: the MongoDB at ${hosts} takes neither this user nor this password`
  if (/^Mongo(?:ServerSelection|Network|NetworkTimeout|Topology\w*)Error$/.test(name))
    return `MONGODB_URI: no MongoDB answers at ${hosts} (${codeOf(failure) ?? 'no answer'}); start it, or set MONGODB_URI to one that runs`
  return `MONGODB_URI: the MongoDB at ${hosts} refuses (${codeOf(failure) ?? name})`
}

function ofPort({ syscall, code }: Failure, { port, host }: StartedWith): string | undefined {
  if (!port) return undefined
  const { name, value } = port
  if (code === 'EADDRINUSE') return `${name} ${value} is taken: stop what listens there, or set ${name} to another port`
  if (code === 'EACCES' && syscall === 'listen')
    return `${name} ${value} may not be opened by this user: set ${name} to a port above 1023`
  if (code === 'EADDRNOTAVAIL' || syscall === 'getaddrinfo') return `HOST ${host} is no address of this machine`
  return undefined
}

const folderFaults = new Map<unknown, string>([
  ['ENOTDIR', 'is not a folder'],
  ['EEXIST', 'is not a folder'],
  ['ENOENT', 'cannot be made'],
  ['EACCES', 'cannot be written by this user'],
  ['EPERM', 'cannot be written by this user'],
  ['EROFS', 'cannot be written: the file system is read-only'],
  ['ENOSPC', 'cannot be written: the disk is full'],
  ['EDQUOT', 'cannot be written: the disk quota is used up'],
])

function ofFolder({ code, syscall }: Failure, dataDir: string | undefined): string | undefined {
  // A program that is not there is no fault of the folder.
  const fault = syscall?.startsWith('spawn') ? undefined : folderFaults.get(code)
  return fault === undefined || dataDir === undefined
    ? undefined
    : `DATA_DIR ${dataDir} ${fault}; set DATA_DIR to a folder that can be written`
}
