/**
 * GET requests at a fixed rate, whether or not the answers keep up. Time counts from the moment a request was handed
 * out, also when no connection was free then, so that a stall is not hidden by the requests it held back.
 */

import { once } from 'node:events'
import type { Socket } from 'node:net'

import { percentile } from '../../output/statistics.ts'
import { AnswerReader } from '../answer.ts'
import { optionsText, serve } from '../serve.ts'
import { host, open } from '../target.ts'
import type { Target } from '../target.ts'

/** What is sent. */
export interface RequestsOptions {
  readonly target: Target
  readonly path: string
  /** Requests per second. Those due within one millisecond are sent together. */
  readonly rate: number
  /** Kept-alive connections; `fresh` opens one per request, as a health check does. */
  readonly connections: number | 'fresh'
  readonly seconds: number
}

/** What came of it; milliseconds. */
export interface RequestsResult {
  readonly sent: number
  readonly ok: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Why the first request that failed did. */
  readonly reason: string
}

/** An answer that takes longer has failed. */
const patienceMs = 10_000

class Load {
  readonly #options: RequestsOptions
  readonly #text: string
  readonly #idle: Lane[] = []
  readonly #due: number[] = []
  readonly #latencies: number[] = []
  #sent = 0
  #settled = 0
  #reason = ''
  #finish: () => void = () => undefined

  constructor(options: RequestsOptions) {
    this.#options = options
    const connection = options.connections === 'fresh' ? 'Connection: close\r\n' : ''
    this.#text = `GET ${options.path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: bench\r\n${connection}\r\n`
  }

  async connect(): Promise<void> {
    const { connections, target } = this.#options
    if (connections === 'fresh') return
    const lanes = Array.from({ length: connections }, () => open(target))
    await Promise.all(lanes.map(({ socket, ready }) => once(socket, ready)))
    for (const { socket } of lanes) this.#idle.push(new Lane(socket, this))
  }

  async run(): Promise<RequestsResult> {
    const { rate, seconds } = this.#options
    const start = performance.now()
    const total = Math.max(1, Math.round(rate * seconds))
    const finished = new Promise<void>((resolve) => (this.#finish = resolve))
    const timer = setInterval(() => {
      const now = performance.now()
      const dueNow = Math.min(total, Math.floor(((now - start) / 1000) * rate) + 1)
      for (; this.#sent < dueNow; this.#sent += 1) this.#ask(now)
      if (this.#sent === total) clearInterval(timer)
    }, 1)
    const late = setTimeout(() => this.#finish(), seconds * 1000 + patienceMs)
    await finished
    clearInterval(timer)
    clearTimeout(late)
    return this.#result()
  }

  /** A lane has its answer. */
  settled(lane: Lane, dueAt: number, status: number): void {
    this.#settle(dueAt, status === 200 ? '' : `status ${status}`)
    if (this.#options.connections === 'fresh') return lane.close()
    const next = this.#due.shift()
    if (next === undefined) this.#idle.push(lane)
    else lane.ask(this.#text, next)
  }

  failed(dueAt: number, reason: string): void {
    this.#settle(dueAt, reason)
  }

  #ask(dueAt: number): void {
    if (this.#options.connections !== 'fresh') {
      const lane = this.#idle.pop()
      if (lane === undefined) this.#due.push(dueAt)
      else lane.ask(this.#text, dueAt)
      return
    }
    const { socket } = open(this.#options.target)
    new Lane(socket, this).ask(this.#text, dueAt)
  }

  #settle(dueAt: number, reason: string): void {
    const tookMs = performance.now() - dueAt
    if (reason !== '') this.#reason ||= reason
    else if (tookMs > patienceMs) this.#reason ||= 'an answer took longer than 10 s'
    else this.#latencies.push(tookMs)
    this.#settled += 1
    if (this.#settled === Math.round(this.#options.rate * this.#options.seconds)) this.#finish()
  }

  #result(): RequestsResult {
    const ok = this.#latencies.length
    const all = ok === 0 ? [NaN] : this.#latencies
    const reason = this.#reason || (ok < this.#sent ? 'requests without an answer' : '')
    const [p50, p99, max] = [percentile(all, 0.5), percentile(all, 0.99), percentile(all, 1)]
    return { sent: this.#sent, ok, p50, p99, max, reason }
  }
}

/** One connection with at most one request on its way. */
class Lane {
  readonly #socket: Socket
  readonly #load: Load
  readonly #reader = new AnswerReader()
  #dueAt: number | null = null

  constructor(socket: Socket, load: Load) {
    this.#socket = socket
    this.#load = load
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('error', (error) => this.#fail(error.message))
    socket.on('close', () => this.#fail('the connection was closed'))
  }

  ask(text: string, dueAt: number): void {
    this.#dueAt = dueAt
    if (this.#socket.destroyed) this.#fail('the connection was closed')
    else this.#socket.write(text, 'latin1')
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    try {
      const status = this.#reader.read(bytes)
      if (status === null || this.#dueAt === null) return
      const dueAt = this.#dueAt
      this.#dueAt = null
      this.#load.settled(this, dueAt, status)
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error))
    }
  }

  #fail(reason: string): void {
    if (this.#dueAt === null) return
    const dueAt = this.#dueAt
    this.#dueAt = null
    this.#socket.destroy()
    this.#load.failed(dueAt, reason)
  }
}

if (import.meta.main) {
  const options: RequestsOptions = JSON.parse(optionsText())
  await serve(async () => {
    const load = new Load(options)
    await load.connect()
    return () => load.run()
  })
}
