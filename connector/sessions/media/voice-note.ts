// A sound becomes a voice note: Opus in Ogg, mono, with the loudness that the apps draw. WAV and MP3 are turned into it
// here; what is Opus already stays as it is. Other sounds are for ffmpeg, where there is one.
import { setImmediate as nextTurn } from 'node:timers/promises'
import decodeMp3 from '@audio/decode-mp3'
import decodeWav from '@audio/decode-wav'
import { Decoder, Encoder } from '@evan/opus'
import { fromOgg, toOgg } from './ogg-opus.ts'

export type VoiceNote = { bytes: Buffer; seconds: number; waveform: number[] }

const rate = 16_000
const packetMs = 60
const packetSamples = (rate * packetMs) / 1000
const bars = 64
/** A voice is understood well at this, bits a second. */
const bitrate = 24_000
/** Longer ones would keep the process busy, seconds. */
export const longestSeconds = 15 * 60
/** So many packets in one go: a tenth of a second's work. */
const packetsAtOnce = 100

export type Sound = { channelData: Float32Array[]; sampleRate: number }

/** `undefined`: it cannot be turned into one. `decodeOther`: for what cannot be decoded here; throws when it is no sound. */
export async function toVoiceNote(
  bytes: Buffer,
  mimetype: string,
  decodeOther?: (bytes: Buffer) => Promise<Sound>,
): Promise<VoiceNote | undefined> {
  if (mimetype.startsWith('audio/ogg')) {
    // Vorbis and others lie in Ogg too.
    const samples = await decodeOpus(bytes).catch(() => undefined)
    if (samples) return { bytes, ...describe(samples) }
  }
  // What cannot be decoded is no sound, whatever it says.
  const sound = await (decoders[mimetype]?.(bytes) ?? Promise.reject(new Error('not decoded here')))
    .catch(() => decodeOther?.(bytes))
    .catch(() => undefined)
  const [first] = sound?.channelData ?? []
  if (!sound || !first || first.length === 0 || first.length / sound.sampleRate > longestSeconds) return undefined
  const samples = resample(toMono(sound.channelData), sound.sampleRate)
  return { bytes: await encode(samples), ...describe(samples) }
}

const wav = async (bytes: Buffer): Promise<Sound> => decodeWav(bytes)
const decoders: Record<string, (bytes: Buffer) => Promise<Sound>> = {
  'audio/wav': wav,
  'audio/vnd.wave': wav,
  'audio/mpeg': async (bytes) => decodeMp3(bytes),
}

function toMono(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(), second] = channels
  return second ? first.map((value, i) => (value + (second[i] ?? 0)) / 2) : first
}

/** By straight lines between the averages around each place. */
function resample(samples: Float32Array, from: number): Float32Array {
  const step = from / rate
  const result = new Float32Array(Math.floor(samples.length / step))
  for (let i = 0; i < result.length; i += 1) {
    const start = Math.floor(i * step)
    const end = Math.max(start + 1, Math.floor((i + 1) * step))
    let sum = 0
    for (let at = start; at < end; at += 1) sum += samples[at] ?? 0
    result[i] = sum / (end - start)
  }
  return result
}

async function encode(samples: Float32Array): Promise<Buffer> {
  const encoder = new Encoder({ channels: 1, sample_rate: rate, application: 'voip' })
  encoder.bitrate = bitrate
  const packets: Uint8Array[] = []
  for (let at = 0; at < samples.length; at += packetSamples) {
    const pcm = new Int16Array(packetSamples)
    for (let i = 0; i < packetSamples; i += 1) pcm[i] = Math.max(-1, Math.min(1, samples[at + i] ?? 0)) * 32_767
    packets.push(encoder.encode(pcm).slice())
    if (packets.length % packetsAtOnce === 0) await nextTurn()
  }
  return toOgg(packets, packetMs, rate)
}

async function decodeOpus(bytes: Buffer): Promise<Float32Array | undefined> {
  const found = fromOgg(bytes)
  if (!found || found.packets.length === 0) return undefined
  const decoder = new Decoder({ channels: 1, sample_rate: rate })
  const pieces: Int16Array[] = []
  let length = 0
  for (const [i, packet] of found.packets.entries()) {
    const pcm = decoder.decode(packet).slice()
    const piece = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / 2)
    pieces.push(piece)
    length += piece.length
    if (length / rate > longestSeconds) return undefined
    if (i % packetsAtOnce === 0) await nextTurn()
  }
  const samples = new Float32Array(length)
  let at = 0
  for (const piece of pieces) for (const value of piece) samples[at++] = value / 32_768
  return samples
}

/** Each bar is the mean of its stretch, the loudest one 100. */
function describe(samples: Float32Array): Omit<VoiceNote, 'bytes'> {
  const stretch = Math.max(1, Math.floor(samples.length / bars))
  const means = Array.from({ length: bars }, (_, i) => {
    const part = samples.subarray(i * stretch, (i + 1) * stretch)
    return part.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, part.length)
  })
  const loudest = Math.max(...means, Number.MIN_VALUE)
  return {
    seconds: Math.max(1, Math.round(samples.length / rate)),
    waveform: means.map((mean) => Math.floor((100 * mean) / loudest)),
  }
}
