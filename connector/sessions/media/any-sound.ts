// A sound in whatever form ffmpeg reads, as samples.
import type { Ffmpeg } from './ffmpeg.ts'
import { readMp4 } from './mp4.ts'
import type { Sound } from './voice-note.ts'

/** Of one file and nothing else each: playlists and the like, which name others, are not among them. */
const formats = 'mov,matroska,webm,ogg,flac,wav,w64,mp3,aac,amr,amrnb,amrwb,aiff,caf,asf,ac3,eac3,wv,ape,au'
const rate = 16_000

/** Throws when it is none, also when it has a picture only. Of what is longer there is one second more than `longestSeconds`. */
export async function decodeAnySound(
  ffmpeg: Ffmpeg,
  bytes: Buffer,
  { longestSeconds, signal }: { longestSeconds: number; signal: AbortSignal },
): Promise<Sound> {
  const read = ({ start, end }: { start: number; end: number }) => once(bytes.subarray(start, end))
  const mp4 = await readMp4(read, bytes.length)
  const seconds = longestSeconds + 1
  const pcm = await ffmpeg.run(
    {
      formats,
      output: ['-map', '0:a:0', '-t', String(seconds), '-ac', '1', '-ar', String(rate), '-f', 's16le'],
      source: mp4?.inOrder() ?? once(bytes),
      maxBytes: 2 * rate * (seconds + 1),
    },
    signal,
  )
  const samples = new Float32Array(Math.floor(pcm.length / 2))
  for (let i = 0; i < samples.length; i += 1) samples[i] = pcm.readInt16LE(2 * i) / 32_768
  return { channelData: [samples], sampleRate: rate }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
