/** The far end of the log: standard output as something that never makes the gateway wait. */

import { fstatSync, write } from 'node:fs'
import type { Writable } from 'node:stream'

/** Told how many bytes arrived and, when not all did, what was wrong. */
export type Written = (error: Error | null, bytes: number) => void

/** Takes one piece at a time: the next `write` comes after the last one was answered, and the bytes may change then. */
export interface Outlet {
  write(bytes: Buffer, done: Written): void
}

/**
 * The outlet over a stream. Files are written through the thread pool, because Node writes standard output to them
 * synchronously and a disk may be slow; pipes and sockets never block; terminals are told not to (Ctrl-S in a
 * terminal would otherwise stop all traffic).
 */
export function openOutlet(stream: Writable): Outlet {
  // Without a listener a closed pipe or a full disk would end the process; whoever writes is told as well.
  stream.on('error', () => undefined)
  const file = descriptorOfFile(stream)
  if (file !== null) return { write: (bytes, done) => write(file, bytes, done) }
  unblock(stream)
  return {
    write: (bytes, done) => {
      stream.write(bytes, (error) => done(error ?? null, error ? 0 : bytes.length))
    },
  }
}

/** Null for anything that is not a file or a device such as `/dev/full`. */
function descriptorOfFile(stream: Writable): number | null {
  if (!('fd' in stream) || typeof stream.fd !== 'number' || 'isTTY' in stream) return null
  try {
    const stats = fstatSync(stream.fd)
    return stats.isFile() || stats.isCharacterDevice() ? stream.fd : null
  } catch {
    return null
  }
}

// Node has no public way to say this of a terminal; where the handle looks different, nothing is changed.
function unblock(stream: Writable): void {
  const handle: unknown = Reflect.get(stream, '_handle')
  if (typeof handle !== 'object' || handle === null || !('setBlocking' in handle)) return
  if (typeof handle.setBlocking === 'function') handle.setBlocking(false)
}
