// Sounds that become voice notes.
import { parseBuffer } from 'music-metadata'
import { expect, test } from 'vitest'
import { fromOgg } from './ogg-opus.ts'
import { toVoiceNote } from './voice-note.ts'

/** Silence, then a tone; 16 bit, stereo. */
function wavOf(seconds: number, rate = 44_100): Buffer {
  const frames = seconds * rate
  const bytes = Buffer.alloc(44 + frames * 4)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(36 + frames * 4, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(2, 22)
  bytes.writeUInt32LE(rate, 24)
  bytes.writeUInt32LE(rate * 4, 28)
  bytes.writeUInt16LE(4, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36)
  bytes.writeUInt32LE(frames * 4, 40)
  for (let i = frames / 2; i < frames; i += 1) {
    const value = Math.round(12_000 * Math.sin((2 * Math.PI * 440 * i) / rate))
    bytes.writeInt16LE(value, 44 + i * 4)
    bytes.writeInt16LE(value, 46 + i * 4)
  }
  return bytes
}

test('a WAV becomes Opus in Ogg, as long as it was, with its loudness drawn', async () => {
  const note = await toVoiceNote(wavOf(4), 'audio/wav')
  if (!note) throw new Error('no note')
  const { format } = await parseBuffer(note.bytes, { mimeType: 'audio/ogg' }, { duration: true })
  expect(format).toMatchObject({ container: 'Ogg', codec: 'Opus', numberOfChannels: 1 })
  expect(format.duration).toBeCloseTo(4, 0)
  expect(note.seconds).toBe(4)
  expect(note.waveform).toHaveLength(64)
  expect(Math.max(...note.waveform.slice(0, 30))).toBeLessThan(10)
  expect(Math.min(...note.waveform.slice(34))).toBeGreaterThan(80)
  expect(note.bytes.length).toBeLessThan(20_000)
})

test('what is Opus in Ogg already stays as it is, and is heard for its waveform', async () => {
  const made = await toVoiceNote(wavOf(2), 'audio/vnd.wave')
  const again = await toVoiceNote(made!.bytes, 'audio/ogg; codecs=opus')
  expect(again?.bytes).toBe(made?.bytes)
  expect(again?.seconds).toBe(2)
  expect(Math.min(...(again?.waveform.slice(36, 62) ?? [0]))).toBeGreaterThan(50)
})

test('what is no such sound is none', async () => {
  expect(await toVoiceNote(Buffer.from('OggS nothing'), 'audio/ogg')).toBeUndefined()
  expect(await toVoiceNote(Buffer.from('x'), 'audio/x-m4a')).toBeUndefined()
  expect(fromOgg(Buffer.alloc(100))).toBeUndefined()
})
