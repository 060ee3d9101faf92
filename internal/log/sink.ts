/**
 * Where log lines go. Our own output may be slow, closed or on a full disk: then lines are dropped and counted,
 * memory stays bounded, and traffic goes on.
 */

import type { Writable } from 'node:stream'

/** Takes complete lines. */
export interface LineSink {
  write(line: string): void
  /** Lines that could not be written. */
  readonly dropped: number
}

/** Bytes that may wait for a slow reader. */
const queueLimit = 1024 * 1024

/** A {@link LineSink} over a stream such as stdout. */
export function createSink(stream: Writable): LineSink {
  let dropped = 0
  let broken = false
  // Without a listener EPIPE and ENOSPC would end the process.
  stream.on('error', () => {
    broken = true
  })
  stream.on('drain', () => {
    broken = false
  })
  return {
    write(line) {
      if ((broken && stream.destroyed) || stream.writableLength > queueLimit) dropped += 1
      else stream.write(line)
    },
    get dropped() {
      return dropped
    },
  }
}
