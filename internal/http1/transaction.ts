/**
 * One request and its answer on a client's connection. The connection feeds it the request; whoever handles it
 * takes the body when there is somewhere to put it, and writes the answer.
 */

import { failure, isFailure, type Failure } from '../fault/failure.ts'
import { BodyReader } from './body-reader.ts'
import type { RequestHead } from './head.ts'
import { statusLine } from './status-line.ts'

/** Who handles a request: told of everything that happens after its head. */
export interface TransactionOwner {
  /** Data of the request's body. `gone` = they may be reused; after `full` no more come until `resumeBody`. */
  onBody(bytes: Buffer, start: number, end: number): WriteOutcome
  /** The body is complete. */
  onBodyEnd(): void
  /** The body is not valid, or too slow. Called once; the answer that follows ends the connection. */
  onBodyRefused(reason: Failure): void
  /** After a `write` that was `full`: the client takes more. */
  onDrain(): void
  /** The client left before the answer was complete. */
  onGone(): void
}

/** Told once of the end of a transaction: its answer was handed to the system (true), or will never be complete. */
export interface Settler {
  settled(complete: boolean): void
}

/** What became of bytes given to `write`: gone, or still held; `full` = held, and more should wait for `onDrain`. */
export type WriteOutcome = 'gone' | 'held' | 'full'

/** What follows a head: nothing, so many bytes as its Content-Length says, or a stream of unknown length. */
export type AnswerBody = 'none' | 'length' | 'stream'

/** What a transaction needs of its connection. */
export interface TransactionWire {
  /** Whether another request may follow, as far as the connection is concerned. */
  readonly mayKeep: boolean
  /** Lines that say that it may. */
  readonly keepLines: string
  /** Whether the client is behind: what is written now waits. */
  readonly isFull: boolean
  write(text: string): void
  /** Writes a head with the first bytes of the body behind it. */
  writeWith(text: string, bytes: Buffer, start: number, end: number): WriteOutcome
  writeBytes(bytes: Buffer, start: number, end: number): WriteOutcome
  bodyMayGoOn(): void
  finished(keep: boolean): void
  breakOff(reset: boolean): void
}

type AnswerState = 'none' | 'head-held' | 'streaming' | 'done'

/** Below this size data are copied into the text of a head or a chunk, and leave in one write with it. */
const copiedBytes = 16 * 1024

/** One exchange of messages. Exactly one answer; `settler` is told exactly once. */
export class Transaction {
  /** The head, or why it is none. */
  readonly head: RequestHead | Failure
  /** Who is told of the end. */
  settler: Settler | null = null
  /** Bytes of the request's body so far, without framing. */
  bytesIn = 0
  /** Bytes of the answer's body so far, without framing. */
  bytesOut = 0
  /** Whether the data given last are still in use. */
  bodyHeld = false
  readonly #wire: TransactionWire
  #owner: TransactionOwner | null = null
  #reader: BodyReader | null = null
  #requestComplete: boolean
  #bodyPaused = true
  #answer: AnswerState = 'none'
  #heldHead = ''
  #chunked = false
  #untilClose = false
  #keep = false

  constructor(head: RequestHead | Failure, wire: TransactionWire) {
    this.head = head
    this.#wire = wire
    this.#requestComplete = isFailure(head) || head.framing.kind === 'none'
    if (!isFailure(head) && head.framing.kind !== 'none') {
      this.#reader = new BodyReader(head.framing)
      this.#requestComplete = this.#reader.done
    }
  }

  /** Whether the whole request has been taken. */
  get requestComplete(): boolean {
    return this.#requestComplete
  }

  /** Whether an answer has begun. */
  get answering(): boolean {
    return this.#answer !== 'none'
  }

  /** Whether the answer has ended, one way or the other. */
  get done(): boolean {
    return this.#answer === 'done'
  }

  /** Whether the body is being waited for: only then may its sender be called slow. */
  get readsBody(): boolean {
    return !this.#requestComplete && !this.#bodyPaused && this.#answer !== 'done'
  }

  /** Names who is told of what happens; data flow only after {@link resumeBody}. */
  set owner(owner: TransactionOwner) {
    this.#owner = owner
  }

  /** Lets the body flow to the owner, first what has arrived already. */
  resumeBody(): void {
    if (!this.#bodyPaused) return
    this.#bodyPaused = false
    this.#wire.bodyMayGoOn()
  }

  /** Asks a waiting client for its body (RFC 9110 10.1.1). */
  writeContinue(): void {
    if (this.#answer === 'none') this.#wire.write('HTTP/1.1 100 Continue\r\n\r\n')
  }

  /**
   * Begins the answer. The head is held until data, {@link flush} or {@link end}, so that both leave together.
   * @param lines `Name: value\r\n` lines in latin1, Content-Length among them where there is one
   * @param keep false = the connection ends with this answer
   */
  begin(status: number, lines: string, body: AnswerBody, keep = true): void {
    if (this.#answer !== 'none') throw new Error('an answer has begun')
    const minor = isFailure(this.head) ? 1 : this.head.minor
    this.#chunked = body === 'stream' && minor === 1
    this.#untilClose = body === 'stream' && minor === 0
    this.#keep = keep && this.#mayKeep() && !this.#untilClose
    this.#answer = 'head-held'
    this.#heldHead =
      statusLine(status) +
      lines +
      (this.#chunked ? 'Transfer-Encoding: chunked\r\n' : '') +
      (this.#keep ? this.#wire.keepLines : 'Connection: close\r\n') +
      '\r\n'
  }

  /** Sends a head that is still held. */
  flush(): void {
    if (this.#answer !== 'head-held') return
    this.#answer = 'streaming'
    this.#wire.write(this.#takeHead())
  }

  /** Sends data of the body. They may be reused after `gone`, and not after `held` and `full`. */
  write(bytes: Buffer, start: number, end: number): WriteOutcome {
    if (this.#answer === 'none' || this.#answer === 'done') return 'gone'
    const size = end - start
    if (size === 0) return 'gone'
    this.bytesOut += size
    this.#answer = 'streaming'
    const before = this.#takeHead() + (this.#chunked ? `${size.toString(16)}\r\n` : '')
    if (size > copiedBytes) {
      const outcome =
        before === ''
          ? this.#wire.writeBytes(bytes, start, end)
          : this.#wire.writeWith(before, bytes, start, end)
      if (this.#chunked) this.#wire.write('\r\n')
      return outcome
    }
    const data = bytes.toString('latin1', start, end)
    this.#wire.write(this.#chunked ? `${before}${data}\r\n` : before + data)
    return this.#wire.isFull ? 'full' : 'gone'
  }

  /** Ends the answer as complete. */
  end(): void {
    if (this.#answer === 'none' || this.#answer === 'done') return
    const last = this.#takeHead() + (this.#chunked ? '0\r\n\r\n' : '')
    if (last !== '') this.#wire.write(last)
    this.#finish(true)
    this.#wire.finished(this.#keep && this.#requestComplete)
  }

  /** Sends a complete answer. @param lines without Content-Length */
  answer(status: number, lines: string, body: string | Buffer, keep = true): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const bodyless = !isFailure(this.head) && this.head.method === 'HEAD'
    this.begin(status, `${lines}Content-Length: ${bytes.length}\r\n`, bodyless ? 'none' : 'length', keep)
    if (!bodyless) this.write(bytes, 0, bytes.length)
    this.end()
  }

  /** Ends the answer as broken: its client must not take what it got for all there is. */
  breakOff(): void {
    if (this.#answer === 'done') return
    this.#finish(false)
    // In HTTP/1.0 an orderly close is the end of the answer.
    this.#wire.breakOff(!isFailure(this.head) && this.head.minor === 0)
  }

  /**
   * Leaves HTTP: the connection belongs to somebody else from here on.
   * @param text everything up to and including the empty line
   */
  switchProtocols(text: string): void {
    this.#answer = 'done'
    this.#wire.write(text)
  }

  /** For the connection: takes what has arrived of the body. @returns offset behind the last byte taken */
  takeBody(bytes: Buffer, from: number, to: number): number {
    const reader = this.#reader
    if (reader === null || this.#bodyPaused || this.#requestComplete) return from
    const at = reader.read(bytes, from, to)
    if (typeof at !== 'number') {
      this.refuseBody(failure(bodyCodes[at.kind], at.complaint))
      return to
    }
    const { dataStart, dataEnd } = reader
    this.bytesIn += dataEnd - dataStart
    if (dataEnd > dataStart && this.#owner !== null) this.#giveBody(this.#owner, bytes, dataStart, dataEnd)
    if (reader.done && !this.#requestComplete) {
      this.#requestComplete = true
      this.#owner?.onBodyEnd()
    }
    return at
  }

  #giveBody(owner: TransactionOwner, bytes: Buffer, start: number, end: number): void {
    const outcome = owner.onBody(bytes, start, end)
    this.bodyHeld = outcome !== 'gone'
    if (outcome === 'full') this.#bodyPaused = true
  }

  /** For the connection: the body is not valid or does not come. */
  refuseBody(reason: Failure): void {
    if (this.#requestComplete || this.#answer === 'done') return
    this.#bodyPaused = true
    this.#reader = null
    this.#keep = false
    if (this.#owner === null) this.breakOff()
    else this.#owner.onBodyRefused(reason)
  }

  /** For the connection: the client takes more. */
  drained(): void {
    if (this.#answer === 'streaming') this.#owner?.onDrain()
  }

  /** For the connection: the client has left. */
  gone(): void {
    if (this.#answer === 'done') return
    this.#finish(false)
    this.#owner?.onGone()
  }

  #mayKeep(): boolean {
    if (isFailure(this.head) || !this.#requestComplete || !this.#wire.mayKeep) return false
    return this.head.minor === 1 && !this.head.connection.includes('close')
  }

  #takeHead(): string {
    const head = this.#heldHead
    this.#heldHead = ''
    return head
  }

  #finish(complete: boolean): void {
    this.#answer = 'done'
    const { settler } = this
    this.settler = null
    settler?.settled(complete)
  }
}

const bodyCodes = {
  invalid: 'bad_request',
  'extensions-too-long': 'body_too_large',
  'trailers-too-long': 'header_too_large',
} as const
