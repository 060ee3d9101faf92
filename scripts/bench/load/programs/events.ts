/** Listeners to server-sent events. */

import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import { percentile } from '../../output/statistics.ts'
import { optionsText, serve } from '../serve.ts'
import { host } from '../target.ts'

/** How many listen, and for how long. */
export interface EventsOptions {
  readonly port: number
  readonly listeners: number
  readonly seconds: number
}

/** What they got while it ran. */
export interface EventsResult {
  readonly events: number
  /** Milliseconds from the upstream's write to our read, taken once per read. */
  readonly p50: number
  readonly p99: number
  /** Listeners that were still connected at the end. */
  readonly open: number
}

/** One listener. Ends of events are counted: an empty line of newlines alone, which no framing makes. */
class Listener {
  events = 0
  isOpen = true
  /** Resolves with the first event. */
  readonly listening = Promise.withResolvers<void>()
  readonly #latencies: number[]
  #last = ''

  constructor(port: number, latencies: number[]) {
    this.#latencies = latencies
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('connect', () => socket.write(`GET /events HTTP/1.1\r\nHost: ${host}\r\n\r\n`))
    socket.on('data', (bytes: Buffer) => this.#read(bytes.toString('latin1')))
    socket.on('error', this.listening.reject)
    socket.on('close', () => {
      this.isOpen = false
      this.listening.reject(new Error('a listener was disconnected'))
    })
  }

  #read(text: string): void {
    const sentAt = /data: (\d{20})/.exec(text)?.[1]
    if (sentAt !== undefined) this.#latencies.push(Number(process.hrtime.bigint() - BigInt(sentAt)) / 1e6)
    const all = this.#last + text
    for (let at = all.indexOf('\n\n'); at !== -1; at = all.indexOf('\n\n', at + 2)) this.events += 1
    this.#last = all.endsWith('\n\n') ? '' : all.slice(-1)
    if (this.events > 0) this.listening.resolve()
  }
}

async function run(
  listeners: readonly Listener[],
  latencies: number[],
  seconds: number,
): Promise<EventsResult> {
  for (const listener of listeners) listener.events = 0
  latencies.length = 0
  await pause(seconds * 1000)
  const all = latencies.length === 0 ? [NaN] : latencies
  return {
    events: listeners.reduce((total, { events }) => total + events, 0),
    p50: percentile(all, 0.5),
    p99: percentile(all, 0.99),
    open: listeners.filter(({ isOpen }) => isOpen).length,
  }
}

if (import.meta.main) {
  const { port, listeners: count, seconds }: EventsOptions = JSON.parse(optionsText())
  await serve(async () => {
    const latencies: number[] = []
    const listeners = Array.from({ length: count }, () => new Listener(port, latencies))
    await Promise.all(listeners.map(({ listening }) => listening.promise))
    return () => run(listeners, latencies, seconds)
  })
}
