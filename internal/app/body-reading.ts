/** The body of a request that the gateway answers itself: small, and as a whole. */

import { declaredLength, hasBody, type Head } from '../exchange/head.ts'
import { failure, type Failure } from '../fault/failure.ts'
import type { Transaction, TransactionOwner, WriteOutcome } from '../http1/transaction.ts'

/** Reads it; a body of more than `maxBytes`, or one that never ends, is a failure. */
export function readBody(
  transaction: Transaction,
  head: Pick<Head, 'framing' | 'expectsContinue'>,
  maxBytes: number,
): Promise<Buffer | Failure> {
  if (!hasBody(head)) return Promise.resolve(Buffer.alloc(0))
  if (declaredLength(head) > maxBytes) return Promise.resolve(failure('body_too_large'))
  return new Promise((resolve) => {
    transaction.owner = new BodyCollector(maxBytes, resolve)
    if (head.expectsContinue) transaction.writeContinue()
    transaction.resumeBody()
  })
}

class BodyCollector implements TransactionOwner {
  readonly #maxBytes: number
  readonly #done: (body: Buffer | Failure) => void
  readonly #parts: Buffer[] = []
  #size = 0

  constructor(maxBytes: number, done: (body: Buffer | Failure) => void) {
    this.#maxBytes = maxBytes
    this.#done = done
  }

  onBody(bytes: Buffer, start: number, end: number): WriteOutcome {
    this.#size += end - start
    if (this.#size > this.#maxBytes) {
      this.#done(failure('body_too_large'))
      return 'full'
    }
    this.#parts.push(Buffer.from(bytes.subarray(start, end)))
    return 'gone'
  }

  onBodyEnd(): void {
    this.#done(Buffer.concat(this.#parts))
  }

  onBodyRefused(reason: Failure): void {
    this.#done(reason)
  }

  onDrain(): void {
    // The answers are small.
  }

  onGone(): void {
    this.#done(failure('client_closed'))
  }
}
