/**
 * A client's connection: heads are read one after the other, each becomes a transaction, and the next one waits
 * until the answer before it has left (one request in flight, as nginx and HAProxy do it). What a client sends
 * ahead is kept up to a bound, then its socket is not read.
 */

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { failure, isFailure, type Failure } from '../fault/failure.ts'
import { carriageReturn, lineFeed } from './bytes.ts'
import type { HeadLimits } from './head.ts'
import { FieldMemory, readRequestHead, refuseEarly } from './request-head.ts'
import { fromNextSweep, type Swept, type Sweeper } from './sweep.ts'
import { SendRate, TakeRate } from './rate.ts'
import { burstBytes } from './turn.ts'
import { Transaction, type TransactionWire, type WriteOutcome } from './transaction.ts'

/** Sizes and times of client connections. Milliseconds and bytes; 0 = off. */
export interface ConnectionLimits extends HeadLimits {
  /** For a complete head, from its first byte or from the accept. */
  readonly headersMs: number
  /** Between two requests. */
  readonly keepAliveMs: number
  /** Without a byte of a body, in either direction. */
  readonly bodyIdleMs: number
  /** Bytes per second of a body, averaged over no less than `bodyIdleMs`, in either direction. */
  readonly bodyMinRate: number
}

/** Who owns the bytes of a connection that left HTTP. */
export interface TunnelOwner {
  onClientData(bytes: Buffer): void
  onClientDrain(): void
  /** The client has ended its side. */
  onClientEnd(): void
  onClientClose(): void
  /** Called now and then, for idle limits. */
  onSweep(now: number): void
}

/** What a connection calls. None of them may throw. */
export interface ConnectionHandlers {
  /** A request, or a head that is none: `transaction.head` says which. */
  request(transaction: Transaction, connection: ServerConnection): void
  closed(connection: ServerConnection): void
}

type State = 'head' | 'busy' | 'lingering' | 'tunnel' | 'closed'

const headEnd = Buffer.from('\r\n\r\n')

/** How far a client may send ahead, in bytes. */
const aheadBytes = 64 * 1024

/** How many requests of one client begin before the others have their turn. */
const requestsPerTurn = 64

/** How long a connection whose last answer has left is read on, so that its client gets to see the answer. */
const lingerMs = 5_000

/** One accepted connection, plain or TLS. */
export class ServerConnection implements Swept, TransactionWire {
  readonly socket: Socket
  /** What the listener's owner knows about the connection; the connection does not look at it. */
  attachment: unknown = null
  readonly #limits: ConnectionLimits
  readonly #handlers: ConnectionHandlers
  readonly #sweeper: Sweeper
  readonly #keepLines: string
  #fields: FieldMemory | null = new FieldMemory()
  #state: State = 'head'
  /** Bytes that have arrived and were not taken; null = none. */
  #input: Buffer | null = null
  #at = 0
  /** How far an incomplete head has been looked at. */
  #checked = 0
  #advancing = false
  #paused = false
  /** Bytes read since others had their turn. */
  #burst = 0
  /** Whether the client is behind: the socket has said so, and not yet that it has caught up. */
  #full = false
  #closing = false
  #transaction: Transaction | null = null
  #tunnel: TunnelOwner | null = null
  /** Whether a request has been read: only before it may a silent connection be called late. */
  #served = false
  /** Whether a byte of the next head has come. */
  #headBegun = false
  /** Requests begun in this turn of the event loop. */
  #begun = 0
  /** Begin of what is being waited for; {@link fromNextSweep} until the sweep that comes first says when that is. */
  #since = performance.now()
  /** Made when there is something to measure: most connections that live long are tunnels. */
  #takeRate: TakeRate | null = null
  #sendRate: SendRate | null = null

  constructor(socket: Socket, limits: ConnectionLimits, handlers: ConnectionHandlers, sweeper: Sweeper) {
    this.socket = socket
    this.#limits = limits
    this.#handlers = handlers
    this.#sweeper = sweeper
    this.#keepLines = keepLinesFor(limits.keepAliveMs)
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('end', () => this.#onEnd())
    socket.on('drain', () => this.#onDrain())
    socket.on('close', () => this.#onClose())
    // The close that follows says all there is to say.
    socket.on('error', () => socket.destroy())
    sweeper.add(this)
  }

  /** Whether nothing is being asked or answered. */
  get isIdle(): boolean {
    return this.#state === 'head' && this.#input === null
  }

  /** Whether another request may follow. */
  get mayKeep(): boolean {
    return !this.#closing
  }

  get keepLines(): string {
    return this.#keepLines
  }

  get isFull(): boolean {
    return this.#full
  }

  /** Ends the connection after the request in flight, or after the next one: it may be on its way already. */
  closeSoon(): void {
    this.#closing = true
  }

  /** Ends the connection when nothing is being asked or answered. */
  closeIdle(): void {
    if (this.isIdle) this.socket.destroySoon()
  }

  /** Answers before anything was read, and ends the connection: there is no room for it. */
  turnAway(reason: Failure): void {
    this.#open(reason)
  }

  /** Ends the connection now. */
  destroy(): void {
    this.socket.destroy()
  }

  /** Leaves HTTP: from here on the bytes are the tunnel's. @returns what has arrived and was not taken */
  handOver(tunnel: TunnelOwner): Buffer | null {
    const early = this.#input === null ? null : this.#input.subarray(this.#at)
    this.#input = null
    this.#transaction = null
    this.#fields = null
    this.#takeRate = null
    this.#sendRate = null
    this.#tunnel = tunnel
    this.#state = 'tunnel'
    this.resume()
    return early
  }

  write(text: string): void {
    if (!this.socket.write(text, 'latin1')) this.#full = true
  }

  writeWith(text: string, bytes: Buffer, start: number, end: number): WriteOutcome {
    this.socket.cork()
    this.socket.write(text, 'latin1')
    const more = this.socket.write(bytes.subarray(start, end))
    this.socket.uncork()
    return this.#outcome(more)
  }

  writeBytes(bytes: Buffer, start: number, end: number): WriteOutcome {
    return this.#outcome(this.socket.write(bytes.subarray(start, end)))
  }

  bodyMayGoOn(): void {
    this.#takeRate?.restart()
    this.#advance()
  }

  finished(keep: boolean): void {
    if (this.#state === 'closed') return
    const readToEnd = this.#transaction?.requestComplete === true
    this.#transaction = null
    if (this.#closing && readToEnd) {
      this.#state = 'lingering'
      return this.socket.destroySoon()
    }
    if (!keep || this.#closing) return this.#linger()
    this.#state = 'head'
    this.#since = fromNextSweep
    this.#checked = 0
    if (!this.#full) this.#advance()
  }

  breakOff(reset: boolean): void {
    // TLS has an end of its own, close_notify, which is left out here; Node refuses to reset such a socket.
    if (reset && !(this.socket instanceof TLSSocket)) this.socket.resetAndDestroy()
    else this.socket.destroy()
  }

  sweep(now: number): void {
    if (this.#state === 'tunnel') return this.#tunnel?.onSweep(now)
    // What was written has to be taken, also when its request is long over.
    if (this.#isTakenTooSlowly(now)) return this.destroy()
    if (this.#state === 'head') this.#sweepHead(now)
    else if (this.#state === 'busy') this.#sweepBusy(now)
    else if (this.#state === 'lingering') this.#sweepLingering(now)
  }

  /** The kernel holds what it took; what it did not take at once is still ours to keep alive. */
  #outcome(more: boolean): WriteOutcome {
    // A corked write counts as full until it leaves, which it may have done by now.
    if (this.socket.writableLength === 0) return 'gone'
    if (more) return 'held'
    this.#full = true
    return 'full'
  }

  #onData(chunk: Buffer): void {
    this.#burst += chunk.length
    if (this.#burst >= burstBytes) this.#yield()
    if (this.#state === 'tunnel') return this.#tunnel?.onClientData(chunk)
    if (this.#state === 'lingering' || this.#state === 'closed') return
    if (this.#input === null) {
      this.#input = chunk
      this.#at = 0
    } else {
      this.#input = Buffer.concat([this.#input.subarray(this.#at), chunk])
      this.#checked = Math.max(0, this.#checked - this.#at)
      this.#at = 0
    }
    this.#advance()
  }

  /** Lets others have their turn: a fast client would be read without end. */
  #yield(): void {
    this.#burst = 0
    this.socket.pause()
    setImmediate(() => {
      if (!this.#paused && !this.socket.destroyed) this.socket.resume()
    })
  }

  /** Takes what has arrived, as far as it may be taken now. Called from within itself it does nothing. */
  #advance(): void {
    if (this.#advancing) return
    this.#advancing = true
    this.#begun = 0
    while (this.#input !== null && this.#begun < requestsPerTurn && this.#step());
    this.#advancing = false
    // Answers that need no worker would follow each other for as long as requests are there.
    if (this.#begun === requestsPerTurn) setImmediate(() => this.#advance())
    this.#applyBackpressure()
  }

  /** @returns whether something was taken and more may be */
  #step(): boolean {
    if (this.#state === 'head') return this.#readHead()
    return this.#state === 'busy' && this.#readBody()
  }

  #readHead(): boolean {
    const input = this.#input
    if (input === null || this.#full) return false
    // Empty lines in front of a request line are left over from sloppy senders (RFC 9112 2.2).
    while (this.#at < input.length && (input[this.#at] === carriageReturn || input[this.#at] === lineFeed))
      this.#at += 1
    if (this.#at === input.length) return this.#dropInput()
    // The time of a head runs from its first byte; on a fresh connection it has been running since the accept.
    if (!this.#headBegun && this.#served) this.#since = fromNextSweep
    this.#headBegun = true
    const end = input.indexOf(headEnd, Math.max(this.#at, this.#checked - 3))
    if (end === -1) {
      const early = refuseEarly(input, this.#at, this.#checked, this.#limits)
      this.#checked = input.length
      if (early !== null) this.#open(early)
      return false
    }
    const head = readRequestHead(input, this.#at, end + 2, this.#limits, this.#fields)
    this.#at = end + 4
    this.#checked = 0
    this.#open(head)
    return true
  }

  #open(head: ConstructorParameters<typeof Transaction>[0]): void {
    if (isFailure(head)) this.#input = null
    else if (this.#input !== null && this.#at === this.#input.length) this.#dropInput()
    const transaction = new Transaction(head, this)
    this.#state = 'busy'
    this.#served = true
    this.#headBegun = false
    this.#begun += 1
    this.#transaction = transaction
    this.#takeRate?.restart()
    this.#handlers.request(transaction, this)
  }

  #readBody(): boolean {
    const transaction = this.#transaction
    const input = this.#input
    if (transaction === null || input === null) return false
    const before = this.#at
    const at = transaction.takeBody(input, before, input.length)
    // An answer during the call may have ended the connection, and the input with it.
    if (this.#input !== input) return false
    this.#at = at
    this.#takeRate?.took(at - before)
    if (at === input.length) {
      // Bytes in front of this body may be held by whoever got them.
      if (before === 0 && !transaction.bodyHeld) release(input)
      return this.#dropInput()
    }
    return at > before || this.#transaction !== transaction
  }

  #dropInput(): false {
    this.#input = null
    this.#at = 0
    this.#checked = 0
    return false
  }

  /** A client that sends more than may be kept is not read until something of it has been taken. */
  #applyBackpressure(): void {
    // While its last answer waits to be taken the next head is not read.
    if (this.#state === 'head' && !this.#full) return this.resume()
    if (this.#state !== 'head' && this.#state !== 'busy') return
    const ahead = this.#input === null ? 0 : this.#input.length - this.#at
    // A body that nobody wants yet is not read ahead any further than what came with its head.
    if (ahead >= aheadBytes || (ahead > 0 && this.#transaction?.requestComplete === false)) this.pause()
    else this.resume()
  }

  /** Reads no more until {@link resume}. */
  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.socket.pause()
  }

  /** Reads on. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.socket.resume()
  }

  #onDrain(): void {
    this.#full = false
    if (this.#state === 'tunnel') return this.#tunnel?.onClientDrain()
    this.#transaction?.drained()
    if (this.#state === 'head') this.#advance()
  }

  /** A client that has ended its side is taken to have left: most have, and the others can keep it open. */
  #onEnd(): void {
    if (this.#state === 'tunnel') return this.#tunnel?.onClientEnd()
    if (this.#state === 'busy') this.socket.destroy()
    // What was written may still be on its way.
    else this.socket.destroySoon()
  }

  #onClose(): void {
    this.#sweeper.delete(this)
    const transaction = this.#transaction
    const tunnel = this.#tunnel
    this.#state = 'closed'
    this.#input = null
    this.#transaction = null
    transaction?.gone()
    tunnel?.onClientClose()
    this.#handlers.closed(this)
  }

  #linger(): void {
    this.#state = 'lingering'
    this.#since = performance.now()
    this.#input = null
    this.resume()
    this.socket.end()
  }

  #sweepHead(now: number): void {
    const { headersMs, keepAliveMs } = this.#limits
    // A client that still takes its last answer is not idle, and the request behind it is not read yet.
    if (this.socket.writableLength > 0 || this.#since === fromNextSweep) return void (this.#since = now)
    if (this.#input === null) {
      const limit = this.#served ? keepAliveMs : headersMs
      if (limit > 0 && now - this.#since > limit) this.socket.destroySoon()
    } else if (headersMs > 0 && now - this.#since > headersMs) {
      this.#open(failure('request_timeout'))
    }
  }

  /** The time runs from the moment the whole answer has left: a slow client may take longer than that to take it. */
  #sweepLingering(now: number): void {
    if (!this.socket.writableFinished) this.#since = now
    else if (now - this.#since > lingerMs) this.socket.destroy()
  }

  #isTakenTooSlowly(now: number): boolean {
    if (this.#sendRate === null && this.socket.writableLength === 0) return false
    const { bodyIdleMs, bodyMinRate } = this.#limits
    this.#sendRate ??= new SendRate(bodyIdleMs, bodyMinRate)
    return this.#sendRate.isTooSlow(this.socket, now)
  }

  #sweepBusy(now: number): void {
    const transaction = this.#transaction
    if (transaction === null || !transaction.readsBody) return
    const { bodyIdleMs, bodyMinRate } = this.#limits
    this.#takeRate ??= new TakeRate(bodyIdleMs, bodyMinRate)
    if (this.#takeRate.isTooSlow(now)) transaction.refuseBody(failure('request_timeout'))
  }
}

/** Tells a client how long it may send another request; off = no promise. */
function keepLinesFor(keepAliveMs: number): string {
  const seconds = Math.floor(keepAliveMs / 1_000)
  return seconds === 0
    ? 'Connection: keep-alive\r\n'
    : `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`
}

/** Below this size memory is left to the garbage collector. */
const releasedBytes = 16 * 1024

/**
 * Gives back the memory of bytes that nobody needs any more. Left to the garbage collector, an upload would fill
 * tens of megabytes with buffers before it looks.
 */
function release(bytes: Buffer): void {
  const { buffer } = bytes
  if (bytes.length < releasedBytes || buffer.byteLength !== bytes.length) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
