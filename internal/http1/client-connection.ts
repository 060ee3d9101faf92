/**
 * A connection to a worker: one request at a time, its answer read through one piece of memory. Most bytes are
 * never copied: they are written on from where they arrived. Whatever is odd about an answer ends the connection;
 * only one that ended exactly where it said is used again.
 */

import { connect, type Socket } from 'node:net'
import { readAnswerHead, type AnswerMemory } from './answer-head.ts'
import { BodyReader } from './body-reader.ts'
import { earlyComplaint } from './fields.ts'
import type { AnswerHead, Framing } from './head.ts'
import { fromNextSweep, type Swept } from './sweep.ts'
import { burstBytes } from './turn.ts'
import type { WriteOutcome } from './transaction.ts'

/** Where a worker listens. */
export type UpstreamAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** Times and sizes of connections to workers. Milliseconds; 0 = off. */
export interface ClientLimits {
  readonly connectMs: number
  /** From the end of the request, or its last byte so far, to the head of the answer. */
  readonly responseHeadersMs: number
  /** Without a byte of the answer's body. */
  readonly responseIdleMs: number
  /** Below the worker's own, so that the side that sends is the side that closes. */
  readonly keepAliveMs: number
  readonly headerBytes: number
  readonly headerCount: number
}

/**
 * Why no complete answer came. `refused` and `connect-timeout` took nothing of the request with them; `closed` is
 * before the first byte of an answer, `truncated` after it.
 */
export type UpstreamErrorKind =
  | 'refused'
  | 'connect-timeout'
  | 'head-timeout'
  | 'idle-timeout'
  | 'invalid'
  | 'closed'
  | 'truncated'

/** A failed request to a worker. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly kind: UpstreamErrorKind

  constructor(kind: UpstreamErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** A request on its way to a worker; the head is complete, framing and empty line included. */
export interface OutgoingRequest {
  readonly method: string
  readonly head: string
  /** How the body goes out; `length` must be what the head says. */
  readonly framing: Framing
  /** Whether 101 is an answer. */
  readonly upgrade: boolean
}

/** Who gets the answer. Exactly one of `onAnswerEnd`, `onAnswerError` and `onSwitched` ends it. */
export interface AnswerSink {
  /** The connection is up and the head has been written: the body may follow. */
  onConnected(): void
  onAnswerHead(head: AnswerHead): void
  /** Data, valid only during the call; see {@link WriteOutcome}. */
  onAnswerData(bytes: Buffer, start: number, end: number): WriteOutcome
  /** All that arrived together has been given. */
  onAnswerPause(): void
  onAnswerEnd(): void
  onAnswerError(error: UpstreamError): void
  /** After a full `writeBody`: the worker takes more. */
  onUpstreamDrain(): void
  /** The worker said 101: the connection belongs to the sink, which gets its bytes. */
  onSwitched(head: AnswerHead, bytes: Buffer, start: number, end: number): void
}

/** Who owns the bytes of a connection that left HTTP. */
export interface WorkerTunnel {
  /** Bytes, valid only during the call. @returns false to read nothing until `resume` */
  onWorkerData(bytes: Buffer, start: number, end: number): boolean
  onWorkerDrain(): void
  onWorkerEnd(): void
  onWorkerClose(): void
}

/** What a connection tells its pool. */
export interface ConnectionPool {
  readonly limits: ClientLimits
  /** Of the heads that came over all of its connections; null = nothing is remembered. */
  readonly answers: AnswerMemory | null
  /** The connection can take another request. */
  idle(connection: ClientConnection): void
  gone(connection: ClientConnection): void
}

type State = 'connecting' | 'waiting' | 'body' | 'idle' | 'tunnel' | 'closed'

const headEnd = Buffer.from('\r\n\r\n')

/** Bytes one read can take. */
const memoryBytes = 64 * 1024

/** How many interim answers (1xx) may come before the one that counts. */
const maxInterim = 16

/** Below this size data are copied into text, so that they leave with the framing around them. */
const copiedBytes = 16 * 1024

/** One connection to a worker. */
export class ClientConnection implements Swept {
  readonly socket: Socket
  readonly #pool: ConnectionPool
  readonly #borrowed: boolean
  /** Where the next read arrives. Pages nothing was read into cost nothing. */
  #memory: Buffer
  #state: State = 'connecting'
  #sink: AnswerSink | null = null
  #tunnel: WorkerTunnel | null = null
  #request: OutgoingRequest | null = null
  /** Text that is to leave with the next bytes. */
  #held = ''
  #requestDone = true
  #reader: BodyReader | null = null
  #reusable = false
  #interim = 0
  /** An incomplete head. */
  #partial: Buffer | null = null
  #paused = false
  /** Bytes read since others had their turn. */
  #burst = 0
  /** How long what is being waited for may take, in milliseconds; 0 = any time. */
  #limitMs: number
  /** When it began; {@link fromNextSweep} until the sweep that comes first says when that is. */
  #since = fromNextSweep
  #error: unknown

  /** @param shared memory that other connections read through too; nothing may stay in it. Null = its own */
  constructor(address: UpstreamAddress, pool: ConnectionPool, shared: Buffer | null) {
    this.#pool = pool
    this.#borrowed = shared !== null
    this.#memory = shared ?? Buffer.allocUnsafeSlow(memoryBytes)
    this.#limitMs = pool.limits.connectMs
    this.socket = connect({
      ...(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }),
      noDelay: true,
      onread: {
        buffer: () => this.#memory,
        callback: (size) => this.#onRead(this.#memory, size),
      },
    })
    this.socket.on('connect', () => this.#onConnect())
    this.socket.on('drain', () => this.#onDrain())
    this.socket.on('end', () => this.#onEnd())
    this.socket.on('error', (error) => (this.#error = error))
    this.socket.on('close', () => this.#onClose())
  }

  /** Whether a request may be sent now. Once its time is over none may, also before a sweep has ended it. */
  get isIdle(): boolean {
    if (this.#state !== 'idle' || this.socket.destroyed) return false
    return this.#limitMs === 0 || performance.now() - this.#since < this.#limitMs
  }

  /** Sends a head and names who gets the answer. The body follows through {@link writeBody}. */
  send(request: OutgoingRequest, sink: AnswerSink): void {
    this.#sink = sink
    this.#request = request
    this.#requestDone = request.framing.kind === 'none'
    this.#held = request.head
    this.#interim = 0
    if (this.#state === 'connecting') return
    this.#begin()
  }

  /** Sends a part of the body. `full` = the worker is behind: wait for `onUpstreamDrain`. */
  writeBody(bytes: Buffer, start: number, end: number): WriteOutcome {
    if (this.#state === 'closed' || this.socket.destroyed) return 'gone'
    const size = end - start
    const chunked = this.#request?.framing.kind === 'chunked'
    const before = this.#takeHeld() + (chunked ? `${size.toString(16)}\r\n` : '')
    if (size <= copiedBytes) {
      this.socket.write(before + bytes.toString('latin1', start, end) + (chunked ? '\r\n' : ''), 'latin1')
    } else {
      this.socket.cork()
      if (before !== '') this.socket.write(before, 'latin1')
      this.socket.write(bytes.subarray(start, end))
      if (chunked) this.socket.write('\r\n', 'latin1')
      this.socket.uncork()
    }
    this.#expectHead()
    if (this.socket.writableLength === 0) return 'gone'
    return this.socket.writableNeedDrain ? 'full' : 'held'
  }

  /** Sends the end of the body. */
  endBody(): void {
    if (this.#requestDone) return
    this.#requestDone = true
    if (this.#request?.framing.kind === 'chunked') this.#held += '0\r\n\r\n'
    this.flush()
    this.#expectHead()
  }

  /** Sends what is held back for the next bytes. */
  flush(): void {
    if (this.#state === 'connecting' || this.#state === 'closed') return
    const held = this.#takeHeld()
    if (held !== '') this.socket.write(held, 'latin1')
  }

  /** Ends the request: nobody waits for its answer any more. */
  abort(): void {
    this.#sink = null
    this.socket.destroy()
  }

  /** Reads no more until {@link resume}. */
  pause(): void {
    this.#paused = true
  }

  /** Reads on. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#expectBody()
    this.socket.resume()
  }

  /** Hands the bytes of a connection that left HTTP to a tunnel. */
  attach(tunnel: WorkerTunnel): void {
    this.#tunnel = tunnel
  }

  sweep(now: number): void {
    if (this.#limitMs === 0 || this.#paused) return
    if (this.#since === fromNextSweep) return void (this.#since = now)
    if (now - this.#since < this.#limitMs) return
    if (this.#state === 'idle') return void this.socket.destroy()
    if (this.#state === 'connecting') return this.#fail('connect-timeout', 'no connection in time')
    if (this.#state === 'waiting') return this.#fail('head-timeout', 'no answer in time')
    if (this.#state === 'body') this.#fail('idle-timeout', 'the answer stopped')
  }

  #onConnect(): void {
    if (this.#sink === null) return void this.socket.destroy()
    this.#begin()
  }

  #begin(): void {
    this.#state = 'waiting'
    this.#expectHead()
    this.#sink?.onConnected()
    // A small body that is there already has left together with the head.
    this.flush()
  }

  #takeHeld(): string {
    const held = this.#held
    this.#held = ''
    return held
  }

  #expectHead(): void {
    if (this.#state === 'waiting') this.#waitAtMost(this.#pool.limits.responseHeadersMs)
  }

  #expectBody(): void {
    this.#waitAtMost(this.#pool.limits.responseIdleMs)
  }

  #waitAtMost(ms: number): void {
    this.#limitMs = ms
    this.#since = fromNextSweep
  }

  /** @returns false to read no more */
  #onRead(shared: Buffer, size: number): boolean {
    let bytes = shared
    let end = size
    if (this.#state === 'tunnel') {
      this.#toTunnel(bytes, 0, end)
      return this.#readsOn(size)
    }
    let at = 0
    if (this.#partial !== null) {
      bytes = Buffer.concat([this.#partial, shared.subarray(0, size)])
      end = bytes.length
      this.#partial = null
    }
    while (this.#state === 'waiting' && at < end) {
      const next = this.#readHead(bytes, at, end)
      if (next === -1) break
      at = next
    }
    // (Compared as a string: `#readHead` has changed the state.)
    if ((this.#state as State) === 'body') this.#readBody(bytes, at, end)
    else if ((this.#state as State) === 'idle' && at < end) this.socket.destroy()
    return this.#readsOn(size)
  }

  /** Lets others have their turn now and then: a fast worker would be read without end. */
  #readsOn(size: number): boolean {
    this.#burst += size
    if (this.#paused) return false
    if (this.#burst < burstBytes) return true
    this.#burst = 0
    setImmediate(() => {
      if (!this.#paused && !this.socket.destroyed) this.socket.resume()
    })
    return false
  }

  /** @returns offset behind the head, or -1 when nothing more can be read now */
  #readHead(bytes: Buffer, from: number, to: number): number {
    const { headerBytes, headerCount } = this.#pool.limits
    const end = bytes.indexOf(headEnd, from)
    if (end === -1 || end + 4 > to) {
      // Three of the four bytes that end the longest head may be there.
      if (to - from > headerBytes + 3) this.#fail('invalid', 'The head of the answer is too large.')
      else if (!beginsLikeAnswer(bytes, from, to))
        this.#fail('invalid', 'The answer does not begin with a status line.')
      else this.#keepPartial(bytes, from, to)
      return -1
    }
    if (end - from > headerBytes) {
      this.#fail('invalid', 'The head of the answer is too large.')
      return -1
    }
    const head = readAnswerHead(
      bytes,
      from,
      end + 2,
      this.#request?.method ?? '',
      headerCount,
      this.#pool.answers,
    )
    if ('invalid' in head) {
      this.#fail('invalid', head.invalid)
      return -1
    }
    const at = end + 4
    if (head.status >= 200) this.#takeAnswer(head)
    else if (head.status === 101 && this.#request?.upgrade === true) this.#switch(head, bytes, at, to)
    else if (head.status === 101) this.#fail('invalid', 'The application switched protocols unasked.')
    else if ((this.#interim += 1) > maxInterim) this.#fail('invalid', 'Too many interim answers came.')
    return at
  }

  #keepPartial(bytes: Buffer, from: number, to: number): void {
    const complaint = earlyComplaint(bytes, from, from, to)
    if (complaint === null) this.#partial = Buffer.from(bytes.subarray(from, to))
    else this.#fail('invalid', complaint)
  }

  #takeAnswer(head: AnswerHead): void {
    this.#state = 'body'
    this.#reader = new BodyReader(head.framing)
    this.#reusable =
      head.minor === 1 &&
      head.framing.kind !== 'close' &&
      !head.mayOverrun &&
      !head.connection.includes('close')
    this.#expectBody()
    this.#sink?.onAnswerHead(head)
  }

  #readBody(bytes: Buffer, from: number, to: number): void {
    const reader = this.#reader
    if (reader === null) return
    this.#expectBody()
    const at = reader.read(bytes, from, to)
    if (typeof at !== 'number') return this.#fail('truncated', at.complaint)
    const { dataStart, dataEnd } = reader
    if (dataEnd > dataStart) this.#give(bytes, dataStart, dataEnd)
    if (reader.done) this.#finish(at < to)
    else this.#sink?.onAnswerPause()
  }

  #give(bytes: Buffer, start: number, end: number): void {
    const sink = this.#sink
    if (sink === null) return
    if (this.#isBorrowed(bytes)) {
      const copy = Buffer.from(bytes.subarray(start, end))
      if (sink.onAnswerData(copy, 0, copy.length) === 'full') this.pause()
      return
    }
    const outcome = sink.onAnswerData(bytes, start, end)
    if (outcome === 'gone') return
    // The kernel did not take the bytes at once: whoever writes them keeps them, and the next read goes elsewhere.
    if (bytes === this.#memory) this.#memory = Buffer.allocUnsafeSlow(memoryBytes)
    if (outcome === 'full') this.pause()
  }

  #isBorrowed(bytes: Buffer): boolean {
    return this.#borrowed && bytes === this.#memory
  }

  #toTunnel(bytes: Buffer, start: number, end: number): void {
    if (this.#tunnel?.onWorkerData(bytes, start, end) === false) this.pause()
  }

  /** @param more bytes stand behind the answer: they belong to nobody, and neither would the next answer */
  #finish(more: boolean): void {
    const sink = this.#sink
    this.#sink = null
    this.#reader = null
    this.#paused = false
    // What is left of a request would be in front of the next one.
    const unsent = !this.#requestDone || this.socket.writableLength > 0
    if (!this.#reusable || more || unsent || this.socket.destroyed) {
      this.#state = 'closed'
      this.socket.destroy()
      sink?.onAnswerEnd()
      return
    }
    this.#state = 'idle'
    this.#request = null
    // Exactly: whatever is sent to a worker that has just grown tired of waiting is lost.
    this.#limitMs = this.#pool.limits.keepAliveMs
    this.#since = performance.now()
    this.#pool.idle(this)
    sink?.onAnswerEnd()
  }

  #switch(head: AnswerHead, bytes: Buffer, at: number, to: number): void {
    const sink = this.#sink
    this.#sink = null
    this.#state = 'tunnel'
    this.#limitMs = 0
    this.#pool.gone(this)
    sink?.onSwitched(head, bytes, at, to)
  }

  #fail(kind: UpstreamErrorKind, message: string): void {
    const sink = this.#sink
    this.#sink = null
    this.#state = 'closed'
    this.#reader = null
    this.#paused = false
    this.socket.destroy()
    sink?.onAnswerError(
      new UpstreamError(kind, message, this.#error === undefined ? {} : { cause: this.#error }),
    )
  }

  #onDrain(): void {
    if (this.#state === 'tunnel') this.#tunnel?.onWorkerDrain()
    else this.#sink?.onUpstreamDrain()
  }

  #onEnd(): void {
    if (this.#state === 'tunnel') this.#tunnel?.onWorkerEnd()
    else if (this.#state === 'body' && this.#reader?.framing === 'close' && this.#error === undefined)
      this.#finish(false)
    // Nothing more can come; Node itself would first wait until everything written has left.
    else this.socket.destroy()
  }

  #onClose(): void {
    const before = this.#state
    this.#pool.gone(this)
    if (before === 'tunnel') {
      this.#state = 'closed'
      return this.#tunnel?.onWorkerClose()
    }
    if (before === 'closed' || this.#sink === null) return void (this.#state = 'closed')
    if (before === 'body') return this.#fail('truncated', 'the connection ended inside the answer')
    if (before === 'connecting') return this.#fail('refused', 'no connection')
    const begun = this.#partial !== null || this.#interim > 0
    this.#fail(begun ? 'truncated' : 'closed', 'the connection ended before an answer')
  }
}

const beginning = Buffer.from('HTTP/1.')

/** Whether the first bytes are those of an answer, as far as they have come. */
function beginsLikeAnswer(bytes: Buffer, from: number, to: number): boolean {
  const size = Math.min(beginning.length, to - from)
  return bytes.compare(beginning, 0, size, from, from + size) === 0
}
