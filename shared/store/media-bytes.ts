// Where the bytes of files lie. One small interface, so that another place can take over; its contract is a test suite
// (media-bytes.contract.ts) that every place passes.

/** Bytes from `start` up to but not including `end`. */
export type ByteRange = { start: number; end: number }

export type MediaBytes = {
  /** Writes all of it under a new id, never more than a few hundred kB in memory. What fails leaves nothing behind. */
  put(id: string, source: AsyncIterable<Uint8Array>): Promise<void>
  /** The bytes, all or a range of them; a range is read without reading the rest. Throws when they are not what was put. */
  open(id: string, range?: ByteRange): AsyncIterable<Uint8Array>
  /** How many bytes; `undefined` = nothing there. */
  stat(id: string): Promise<{ size: number } | undefined>
  /** Nothing happens when there is nothing, or only a part that was never finished. */
  remove(id: string): Promise<void>
}
