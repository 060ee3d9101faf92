/**
 * One request on its way to a worker and its answer on the way back. Backpressure goes both ways, a client that
 * leaves cancels the worker's request, and an answer that breaks off is never passed on as complete.
 */

import { answered, type Exchange } from '../exchange/exchange.ts'
import type { Head } from '../exchange/head.ts'
import { failure, type Failure } from '../fault/failure.ts'
import type {
  AnswerSink,
  ClientConnection,
  OutgoingRequest,
  UpstreamError,
} from '../http1/client-connection.ts'
import type { AnswerHead } from '../http1/head.ts'
import type { AnswerBody, Transaction, TransactionOwner, WriteOutcome } from '../http1/transaction.ts'
import { incomingHead } from './incoming.ts'
import type { RouteHeaders } from './response-headers.ts'
import { translateUpstreamError } from './translate.ts'

/** What a relay needs besides the bytes. */
export interface RelayOptions {
  readonly exchange: Exchange
  readonly head: Head
  readonly transaction: Transaction
  readonly request: OutgoingRequest
  /** What answers of the route say besides what the worker says. */
  readonly headers: RouteHeaders
  /** The path names a file: a page in its place is a 404 (Streamlit answers every unknown path with its page). */
  readonly expectsFile: boolean
  /** Bytes of the request's body; 0 = any number. */
  readonly maxBodyBytes: number
  readonly owner: RelayOwner
}

/** Who sent the request, and is told how that ended. */
export interface RelayOwner {
  /** Nothing of the request is under way any more. Called once. */
  relayEnded(): void
  /** Called at most once, after `relayEnded`, and only while nothing of an answer has been sent. */
  relayFailed(failure: Failure, error: UpstreamError | null): void
  /** The worker said 101 to a handshake: the connection is the owner's, and what came behind it. */
  relaySwitched(worker: ClientConnection, head: AnswerHead, bytes: Buffer, start: number, end: number): void
}

/** Relays one request and its answer. */
export class Relay implements AnswerSink, TransactionOwner {
  /** Whether any of the body has been asked for: from then on the request cannot be sent again. */
  bodyBegun = false
  readonly #options: RelayOptions
  readonly #worker: ClientConnection
  #over = false

  constructor(options: RelayOptions, worker: ClientConnection) {
    this.#options = options
    this.#worker = worker
    options.transaction.owner = this
    worker.send(options.request, this)
  }

  onConnected(): void {
    const { head, request, transaction } = this.#options
    if (request.framing.kind === 'none') return
    this.bodyBegun = true
    // Sent only now that route, size and worker are settled (RFC 9110 10.1.1); never passed on.
    if (head.expectsContinue) transaction.writeContinue()
    transaction.resumeBody()
  }

  onAnswerHead(answer: AnswerHead): void {
    const { exchange, expectsFile, headers, transaction } = this.#options
    const { status } = answer
    if (status > 599)
      return this.#refuse(failure('upstream_invalid', `The application answered with status ${status}.`))
    const { lines, mediaType } = incomingHead(answer, exchange.id, headers, exchange.scheme, exchange.passage)
    if (expectsFile && status === 200 && mediaType === 'text/html')
      return this.#refuse(failure('file_not_found'))
    // What a refused handshake sent ahead is no request: the connection ends with it.
    transaction.begin(status, lines, bodyOf(answer), exchange.kind === 'http')
    answered(exchange, status)
  }

  onAnswerData(bytes: Buffer, start: number, end: number): WriteOutcome {
    return this.#options.transaction.write(bytes, start, end)
  }

  onAnswerPause(): void {
    // Event streams often begin with silence: their head does not wait for the first event.
    this.#options.transaction.flush()
  }

  onAnswerEnd(): void {
    this.#end()
    this.#options.transaction.end()
  }

  onAnswerError(error: UpstreamError): void {
    const { exchange, owner, transaction } = this.#options
    this.#end()
    if (!transaction.answering) return owner.relayFailed(translateUpstreamError(error), error)
    exchange.reason = 'upstream_truncated'
    exchange.cause = error
    transaction.breakOff()
  }

  onUpstreamDrain(): void {
    this.#options.transaction.resumeBody()
  }

  onSwitched(answer: AnswerHead, bytes: Buffer, start: number, end: number): void {
    this.#end()
    this.#options.owner.relaySwitched(this.#worker, answer, bytes, start, end)
  }

  onBody(bytes: Buffer, start: number, end: number): WriteOutcome {
    const { maxBodyBytes, transaction } = this.#options
    if (maxBodyBytes > 0 && transaction.bytesIn > maxBodyBytes) {
      this.#cutOff(failure('body_too_large'))
      return 'full'
    }
    return this.#worker.writeBody(bytes, start, end)
  }

  onBodyEnd(): void {
    this.#worker.endBody()
  }

  onBodyRefused(reason: Failure): void {
    this.#cutOff(reason)
  }

  onDrain(): void {
    this.#worker.resume()
  }

  onGone(): void {
    this.#end()
    this.#worker.abort()
  }

  /** The request is not to reach the worker as a whole: its connection ends before the body does. */
  #cutOff(reason: Failure): void {
    const { exchange, transaction } = this.#options
    if (!transaction.answering) return this.#refuse(reason)
    this.onGone()
    exchange.reason = reason.code
    transaction.breakOff()
  }

  #refuse(reason: Failure): void {
    this.onGone()
    this.#options.owner.relayFailed(reason, null)
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#options.owner.relayEnded()
  }
}

function bodyOf({ framing }: AnswerHead): AnswerBody {
  if (framing.kind === 'none' || framing.kind === 'length') return framing.kind
  return 'stream'
}
