/**
 * Compression with the pinned Node's own libraries, so that the same input gives the same bytes wherever a release is
 * made. Files of a hundred megabytes: the work is done beside the event loop, two at a time where there are cores.
 */

import { promisify } from 'node:util'
import { deflateRaw, gzip as gzipCallback } from 'node:zlib'

const deflateAsync = promisify(deflateRaw)
const gzipAsync = promisify(gzipCallback)

/** A gzip stream; it holds neither a time nor a name. */
export function gzip(bytes: Buffer): Promise<Buffer> {
  return gzipAsync(bytes, { level: 9 })
}

/** A deflate stream without any frame, as zip holds it. */
export function deflate(bytes: Buffer): Promise<Buffer> {
  return deflateAsync(bytes, { level: 9 })
}
