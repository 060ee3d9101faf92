import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

import type { Cleanup } from './cleanup.ts'
import { ask } from './http.ts'
import type { Question } from './http.ts'

/** One request of a load and what came of it. */
export interface Sent {
  readonly id: string
  /** Milliseconds of `performance.now()` before anything of it was sent. */
  readonly startedAt: number
  /** Null when there was no complete answer. */
  readonly status: number | null
  /** Body, or the reason why there is none: `ECONNRESET`. */
  readonly body: string
}

/** What is sent, and in how many lanes at the same time. */
export interface LoadOptions {
  readonly url: string
  readonly lanes?: number
  /** Made anew for every request. */
  readonly question?: (id: string) => Question
  /** Whether a lane keeps its connection, as browsers and proxies do, or opens one for every request. */
  readonly keepAlive?: boolean
  /** Ends every lane at its first request without a complete answer. */
  readonly untilRefused?: boolean
}

/** The machine also has to do what is tested: a lane takes a breath after every request, in milliseconds. */
const breathMs = 5

/** Clients that send one request after the other, each with an id of its own, until told to stop. */
export class Load {
  readonly #options: LoadOptions
  readonly #agent: Agent
  readonly #sent: Sent[] = []
  readonly #lanes: readonly Promise<void>[]
  readonly #waiting = new Set<() => void>()
  #isOver = false

  constructor(options: LoadOptions) {
    const lanes = options.lanes ?? 2
    this.#options = options
    this.#agent = new Agent({ keepAlive: options.keepAlive === true, maxSockets: lanes })
    this.#lanes = Array.from({ length: lanes }, (_, lane) => this.#run(lane))
  }

  /** What was sent and settled so far. */
  get sent(): readonly Sent[] {
    return this.#sent
  }

  /** Those without a complete 2xx answer. */
  get failed(): readonly Sent[] {
    return this.#sent.filter(({ status }) => status === null || status < 200 || status > 299)
  }

  /** The first request, past or to come, of which `matches` is true. */
  async saw(matches: (sent: Sent) => boolean): Promise<Sent> {
    for (let seen = 0; ;) {
      for (; seen < this.#sent.length; seen += 1) {
        const sent = this.#sent[seen]
        if (sent !== undefined && matches(sent)) return sent
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** Resolves when so many more requests, started after this call, are settled. */
  async more(count: number): Promise<void> {
    const since = performance.now()
    const later = new Set<string>()
    await this.saw(({ id, startedAt }) => {
      if (startedAt > since) later.add(id)
      return later.size >= count
    })
  }

  /** Resolves when every lane has ended by itself (see `untilRefused`). */
  async ended(): Promise<void> {
    await Promise.all(this.#lanes)
    this.#agent.destroy()
  }

  /** Lets every lane finish its request; everything that was sent. */
  async stop(): Promise<readonly Sent[]> {
    this.#isOver = true
    await this.ended()
    return this.#sent
  }

  async #run(lane: number): Promise<void> {
    for (let number = 0; !this.#isOver; number += 1) {
      const sent = await this.#send(`${lane}-${number}`)
      this.#sent.push(sent)
      for (const resolve of this.#waiting) resolve()
      this.#waiting.clear()
      if (sent.status === null && this.#options.untilRefused === true) return
      await pause(breathMs)
    }
  }

  async #send(id: string): Promise<Sent> {
    const { url, question = () => ({}), keepAlive = false } = this.#options
    const startedAt = performance.now()
    try {
      const asked = question(id)
      const { status, body } = await ask(url, keepAlive ? { ...asked, agent: this.#agent } : asked)
      return { id, startedAt, status, body }
    } catch (error) {
      return { id, startedAt, status: null, body: reasonOf(error) }
    }
  }
}

/** A load that ends with the test at the latest. */
export function load(t: Cleanup, options: LoadOptions): Load {
  const running = new Load(options)
  t.after(async () => void (await running.stop()))
  return running
}

function reasonOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message
  return String(error)
}
