import { expect, test } from 'vitest'
import { hostsOf, toStartSentence, type StartedWith } from './start-failure.ts'

const given: StartedWith = {
  port: { name: 'PORT', value: 3000 },
  host: '10.9.9.9',
  mongodbUri: 'mongodb://ana:hidden@db.example:27017/?tls=true',
  dataDir: '/srv/data',
}
const failure = (fields: object) => Object.assign(new Error('hidden\nhidden'), fields)

test.each([
  [
    { code: 'EADDRINUSE', syscall: 'listen' },
    'PORT 3000 is taken: stop what listens there, or set PORT to another port',
  ],
  [{ code: 'EACCES', syscall: 'listen' }, 'PORT 3000 may not be opened by this user: set PORT to a port above 1023'],
  [{ code: 'EADDRNOTAVAIL', syscall: 'listen' }, 'HOST 10.9.9.9 is no address of this machine'],
  [{ code: 'ENOTFOUND', syscall: 'getaddrinfo' }, 'HOST 10.9.9.9 is no address of this machine'],
  [{ code: 'ENOTDIR', syscall: 'mkdir' }, /^DATA_DIR \/srv\/data is not a folder; set DATA_DIR/],
  [{ code: 'EEXIST', syscall: 'mkdir' }, /^DATA_DIR \/srv\/data is not a folder; set DATA_DIR/],
  [{ code: 'EACCES', syscall: 'open' }, /^DATA_DIR \/srv\/data cannot be written by this user; set DATA_DIR/],
  [{ code: 'EROFS', syscall: 'open' }, /^DATA_DIR \/srv\/data cannot be written: the file system is read-only/],
  [{ code: 'ENOSPC', syscall: 'write' }, /^DATA_DIR \/srv\/data cannot be written: the disk is full/],
  [
    { name: 'MongoServerSelectionError', cause: { cause: { code: 'ECONNREFUSED' } } },
    'MONGODB_URI: no MongoDB answers at db.example:27017 (ECONNREFUSED); start it, or set MONGODB_URI to one that runs',
  ],
  [{ name: 'MongoServerSelectionError' }, /^MONGODB_URI: no MongoDB answers at db.example:27017 \(no answer\)/],
  [{ name: 'MongoServerError', code: 18 }, /^MONGODB_URI: the MongoDB at db.example:27017 takes neither this user/],
  [{ name: 'MongoServerError', code: 13 }, 'MONGODB_URI: the MongoDB at db.example:27017 refuses (13)'],
  [{ name: 'MongoParseError' }, 'MONGODB_URI is not an address that MongoDB’s driver can read'],
])('%j becomes one sentence with the setting’s name and no secret', (fields, sentence) => {
  const said = toStartSentence(failure(fields), given)
  expect(said).toMatch(sentence)
  expect(said).not.toContain('hidden')
})

test('what nobody foresaw is its first line', () => {
  expect(toStartSentence(new Error('one\ntwo'), given)).toBe('one')
  expect(toStartSentence('three', given)).toBe('three')
})

test.each([
  ['mongodb://localhost', 'localhost'],
  ['mongodb+srv://ana:p%40ss@cluster.example/wastream?x=1', 'cluster.example'],
  ['mongodb://a:1,b:2/?replicaSet=rs', 'a:1,b:2'],
  ['mongodb://ana:p@ss/w?rd@host:1/db', 'host:1'],
])('%s leads to %s', (uri, hosts) => {
  expect(hostsOf(uri)).toBe(hosts)
})
