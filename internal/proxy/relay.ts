/**
 * One answer on its way from a worker to a client: five methods named after the stages of a response.
 * Backpressure goes both ways, a client that leaves cancels the worker's request, and an answer that breaks
 * off is never passed on as complete.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { answered, type Exchange } from '../exchange/exchange.ts'
import { failure, type Failure } from '../fault/failure.ts'
import { BodyTooLargeError } from './body.ts'
import { incomingHead } from './incoming.ts'
import { lingerThenEnd } from './linger.ts'
import { translateUpstreamError } from './translate.ts'
import type { ResponseHandler } from './upstream.ts'

type Controller = Dispatcher.DispatchController

/** What a relay needs besides the answer itself. */
export interface RelayOptions {
  readonly exchange: Exchange
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The path names a file: a page in its place is a 404 (Streamlit answers every unknown path with its page). */
  readonly expectsFile: boolean
  /** Called at most once, and only while nothing of an answer has been sent. */
  readonly onFailure: (failure: Failure, error: unknown) => void
}

type Stage = 'waiting' | 'streaming' | 'done'

/** Relays one answer. One allocation per request, no closures besides the drain listener. */
export class Relay implements ResponseHandler {
  readonly #options: RelayOptions
  #controller: Controller | null = null
  #stage: Stage = 'waiting'
  #clientGone = false

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** The client closed its connection: the worker's request ends too. */
  abandon(): void {
    this.#clientGone = true
    if (this.#stage === 'done') return
    this.#stage = 'done'
    this.#controller?.abort(new Error('client closed the connection'))
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#clientGone) controller.abort(new Error('client closed the connection'))
  }

  onResponseStart(controller: Controller, status: number): void {
    if (status < 200 || this.#stage !== 'waiting') return
    if (status > 599)
      return this.#refuse(
        controller,
        failure('upstream_invalid', `The application answered with status ${status}.`),
      )
    const { exchange, expectsFile } = this.#options
    const head = incomingHead(rawFields(controller), exchange.id)
    if (expectsFile && status === 200 && head.mediaType === 'text/html') {
      return this.#refuse(controller, failure('file_not_found'))
    }
    this.#writeHead(controller, status, head.fields)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#stage !== 'streaming') return
    const { exchange, response } = this.#options
    exchange.bytesOut += chunk.length
    if (response.write(chunk)) return
    controller.pause()
    response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    if (this.#stage !== 'streaming') return
    this.#stage = 'done'
    const { request, response } = this.#options
    if (request.complete) response.end()
    else lingerThenEnd(request, response)
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#stage === 'done') return
    const before = this.#stage
    this.#stage = 'done'
    if (before === 'waiting') return this.#options.onFailure(this.#explain(error), error)
    this.#options.exchange.reason =
      error instanceof BodyTooLargeError ? 'body_too_large' : 'upstream_truncated'
    this.#options.exchange.cause = error
    this.#breakOff()
  }

  #writeHead(controller: Controller, status: number, fields: string[]): void {
    const { exchange, request, response } = this.#options
    if (!request.complete && exchange.head !== null && hasBody(exchange)) fields.push('Connection', 'close')
    try {
      response.writeHead(status, fields)
    } catch (error) {
      return this.#refuse(controller, { ...failure('upstream_invalid'), cause: error })
    }
    this.#stage = 'streaming'
    answered(exchange, status)
    // The body usually arrives in the same read as the head and both leave in one write. When it does not,
    // the head must not wait for it: event streams often begin with silence.
    process.nextTick(flushQuietHead, response, exchange)
  }

  /** Ending the response would make a broken answer look complete; the client must see the connection break. */
  #breakOff(): void {
    const { request, response } = this.#options
    // In HTTP/1.0 an orderly close is the end of the answer.
    if (request.httpVersion === '1.0') request.socket.resetAndDestroy()
    else response.destroy()
  }

  #refuse(controller: Controller, reason: Failure): void {
    this.#stage = 'done'
    controller.abort(new Error(reason.code))
    this.#options.onFailure(reason, null)
  }

  #explain(error: Error): Failure {
    return error instanceof BodyTooLargeError ? failure('body_too_large') : translateUpstreamError(error)
  }
}

function flushQuietHead(response: ServerResponse, exchange: Exchange): void {
  if (exchange.bytesOut === 0 && !response.writableEnded) response.flushHeaders()
}

function hasBody(exchange: Exchange): boolean {
  return exchange.head !== null && (exchange.head.chunked || (exchange.head.contentLength ?? 0) > 0)
}

function rawFields(controller: Controller): readonly (Buffer | string)[] {
  return Array.isArray(controller.rawHeaders) ? controller.rawHeaders : []
}
