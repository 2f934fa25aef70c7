// Why the sandbox could not start, in one sentence that names the setting to change.

const folderFaults = new Map<unknown, string>([
  ['ENOTDIR', 'is not a folder'],
  ['EEXIST', 'is not a folder'],
  ['ENOENT', 'cannot be made'],
  ['EACCES', 'cannot be written by this user'],
  ['EPERM', 'cannot be written by this user'],
  ['EROFS', 'cannot be written: the file system is read-only'],
  ['ENOSPC', 'cannot be written: the disk is full'],
])

export const toStartSentence = (error: NodeJS.ErrnoException, port: number, dataDir: string): string => {
  if (error.code === 'EADDRINUSE') {
    return `SANDBOX_PORT ${port} is taken: stop what listens there, or set SANDBOX_PORT to another port`
  }
  if (error.code === 'EACCES' && error.syscall === 'listen') {
    return `SANDBOX_PORT ${port} may not be opened by this user: set SANDBOX_PORT to a port above 1023`
  }
  const fault = folderFaults.get(error.code)
  if (fault) return `DATA_DIR ${dataDir} ${fault}; set DATA_DIR to a folder that can be written`
  return `The sandbox cannot start: ${error.message.split('\n')[0]}`
}
