/** A request body on its way to the worker: counted, and cut off at the limit. */

import { Transform, type TransformCallback } from 'node:stream'

/** Raised into the request when a body without declared length grows over its limit. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError'
  readonly code = 'FLUXLIT_BODY_TOO_LARGE'
}

/**
 * Stands between the client's request and undici for two reasons: chunked bodies have no length to check
 * before reading, and undici destroys the body it was given when a request fails, which would take the
 * client's connection with it.
 */
export class RequestBody extends Transform {
  bytes = 0
  readonly #limit: number

  /** @param limit bytes; 0 = none */
  constructor(limit: number) {
    super({ highWaterMark: 64 * 1024 })
    this.#limit = limit
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length
    if (this.#limit > 0 && this.bytes > this.#limit)
      done(new BodyTooLargeError('request body over the limit'))
    else done(null, chunk)
  }
}
