// Whether there is an ffmpeg on this machine that runs: looked for on the PATH, asked for its version once.
import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

const answerMs = 10_000

/** Its absolute path; `undefined` when there is none, or none that runs. */
export async function findFfmpeg(searchPath: string | undefined): Promise<string | undefined> {
  // What is relative depends on where the process was started, and is nobody's choice.
  for (const folder of (searchPath ?? '').split(delimiter).filter(isAbsolute)) {
    const path = join(folder, process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg')
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere && (await runs(path))) return path
  }
  return undefined
}

function runs(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(path, ['-hide_banner', '-version'], { env: {}, timeout: answerMs, killSignal: 'SIGKILL' }, (error) =>
      resolve(error === null),
    )
  })
}
