import { describe, expect, it } from 'vitest'
import { createFrameReader, frame } from './frames.ts'

const INTRO = Buffer.from([0x57, 0x41, 6, 3])

describe('frames', () => {
  it('come out whole, however the bytes were cut', () => {
    const payloads = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(300, 7)]
    const bytes = Buffer.concat([INTRO, ...payloads.map(frame)])
    for (const size of [1, 2, 5, 64, bytes.length]) {
      const reader = createFrameReader()
      const got: Buffer[] = []
      for (let at = 0; at < bytes.length; at += size) got.push(...reader.push(bytes.subarray(at, at + size)))
      expect(got).toEqual(payloads)
    }
  })

  it('are read after routing info as well', () => {
    const routing = Buffer.from([0x45, 0x44, 0, 1, 0, 0, 2, 9, 9])
    expect(createFrameReader().push(Buffer.concat([routing, INTRO, frame(Buffer.from('x'))]))).toEqual([
      Buffer.from('x'),
    ])
  })

  it('are refused from who is no WhatsApp client, and too long ones before the handshake', () => {
    expect(() => createFrameReader().push(Buffer.from('GET / HTTP/1.1'))).toThrow('not a WhatsApp client')
    const reader = createFrameReader()
    expect(() => reader.push(Buffer.concat([INTRO, Buffer.from([0xff, 0xff, 0xff])]))).toThrow('too long')
  })
})
