/** Our engine as a reader of requests: a connection of a client, with a handler that notes what it is told. */

import { isFailure, statusOf, type Failure } from '../../internal/fault/failure.ts'
import type { HeadLimits } from '../../internal/http1/head.ts'
import { ServerConnection } from '../../internal/http1/server-connection.ts'
import { Sweeper } from '../../internal/http1/sweep.ts'
import type { Transaction, TransactionOwner } from '../../internal/http1/transaction.ts'
import { FakeSocket } from './fake-socket.ts'
import type { Random } from './random.ts'
import type { Message, Reading } from './reading.ts'

/** Limits that no case is to meet by chance. */
export const wideLimits: HeadLimits = { headerBytes: 65_536, headerCount: 100, targetBytes: 8_192 }

/**
 * Reads bytes that come in these pieces.
 * @param random null = every request is answered as soon as it is complete; otherwise bodies are asked for,
 * interrupted and answered at random moments, and the client is now and then behind
 */
export function readWithEngine(
  pieces: readonly string[],
  limits: HeadLimits,
  random: Random | null,
): Reading {
  return new Session(limits, random).read(pieces)
}

class Session {
  readonly #socket = new FakeSocket()
  readonly #random: Random | null
  readonly #messages: Message[] = []
  /** What somebody will do at some time. */
  readonly #pending: (() => void)[] = []
  #piece = 0
  #refused: Failure | null = null

  constructor(limits: HeadLimits, random: Random | null) {
    this.#random = random
    this.#open(limits)
  }

  read(pieces: readonly string[]): Reading {
    while (this.#piece < pieces.length && !this.#isOver()) {
      if (this.#socket.stopped || this.#random?.chance(30) === true) this.#pending.shift()?.()
      else if (this.#random?.chance(10) === true) this.#fallBehind()
      else this.#arrive(pieces)
      if (this.#socket.stopped && this.#pending.length === 0) break
    }
    while (this.#pending.length > 0) this.#pending.shift()?.()
    const ending = this.#refused !== null ? 'refused' : this.#isOver() ? 'closed' : 'open'
    const stuck = this.#piece < pieces.length && ending === 'open'
    this.#socket.over()
    const reason =
      this.#refused === null ? '' : `${statusOf(this.#refused.code)} ${this.#refused.detail ?? ''}`
    return { messages: this.#messages, ending, reason: stuck ? 'it stopped reading' : reason }
  }

  #open(limits: HeadLimits): ServerConnection {
    return new ServerConnection(
      this.#socket,
      { ...limits, headersMs: 0, keepAliveMs: 0, bodyIdleMs: 0, bodyMinRate: 0 },
      { request: (transaction) => this.#take(transaction), closed: () => undefined },
      new Sweeper(0),
    )
  }

  #arrive(pieces: readonly string[]): void {
    this.#socket.arrive(pieces[this.#piece] ?? '')
    this.#piece += 1
  }

  #fallBehind(): void {
    if (this.#socket.behind) return
    this.#socket.behind = true
    this.#pending.push(() => this.#socket.catchUp())
  }

  #isOver(): boolean {
    return this.#refused !== null || this.#socket.left !== 'no'
  }

  /** Now, or at some time. */
  #do(action: () => void): void {
    if (this.#random === null || this.#random.chance(40)) action()
    else this.#pending.push(action)
  }

  #take(transaction: Transaction): void {
    const { head } = transaction
    if (isFailure(head)) return this.#refuse(transaction, head)
    const { method, target, minor, fields } = head
    const message: Message = {
      method,
      target,
      status: 0,
      minor,
      fields,
      body: '',
      completeIn: -1,
      keeps: false,
      leaves: false,
    }
    this.#messages.push(message)
    transaction.owner = this.#owner(transaction, message)
    if (transaction.requestComplete) this.#complete(transaction, message)
    else this.#do(() => transaction.resumeBody())
  }

  #owner(transaction: Transaction, message: Message): TransactionOwner {
    return {
      onBody: (bytes, start, end) => {
        message.body += bytes.toString('latin1', start, end)
        if (this.#random?.chance(30) !== true) return 'gone'
        this.#pending.push(() => transaction.resumeBody())
        return 'full'
      },
      onBodyEnd: () => this.#complete(transaction, message),
      onBodyRefused: (reason) => this.#refuse(transaction, reason),
      onDrain: () => undefined,
      onGone: () => undefined,
    }
  }

  #complete(transaction: Transaction, message: Message): void {
    // Pieces may have to wait when the handler takes its time; then nobody compares where they ended.
    message.completeIn = this.#piece
    this.#do(() => {
      const before = this.#socket.written.length
      transaction.settler = {
        settled: () => {
          message.keeps = !/^Connection: close\r$/m.test(this.#socket.written.slice(before))
        },
      }
      transaction.answer(200, '', 'ok')
    })
  }

  #refuse(transaction: Transaction, reason: Failure): void {
    this.#refused = reason
    transaction.answer(statusOf(reason.code), '', '')
  }
}
