/**
 * The last requests of one sort, in memory that is there from the start. Texts are copied: the path of a request is a
 * piece of the whole head it came with, and a reference to it would keep all of that.
 */

import type { Address } from '../config/config.ts'
import { pathText, rounded } from '../log/access-line.ts'
import { causeText } from '../log/access.ts'
import type { RecentRecord, RecentRequest } from './request.ts'

/** Bytes of each text; what is longer is cut. */
const idBytes = 64
const pathBytes = 160
const clientBytes = 48
const textBytes = idBytes + pathBytes + clientBytes

/** Numbers of a request, by their place. */
const [startedAt, endedAt, ttfbMs, heldMs, bytesIn, bytesOut, status, attempts, generation] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
]
const numbersEach = 9

/** Characters of an error that are kept. */
const longestCause = 500

/** What costs nothing to refer to: constants, and texts of the configuration. */
interface References {
  kind: 'http' | 'websocket'
  method: string
  route: string
  worker: string | null
  reason: string
  upstream: Address | null
  cause: string | null
  hasQuery: boolean
  isCut: boolean
}

/** A ring of requests that have ended. */
export class Ring {
  readonly #size: number
  readonly #texts: Buffer
  readonly #lengths: Uint8Array
  readonly #numbers: Float64Array
  readonly #references: References[] = []
  #count = 0

  /** @param size requests; at least one */
  constructor(size: number) {
    this.#size = size
    this.#texts = Buffer.alloc(size * textBytes)
    this.#lengths = new Uint8Array(size * 3)
    this.#numbers = new Float64Array(size * numbersEach)
  }

  /** Puts a request in the place of the oldest one. */
  add(record: RecentRecord): void {
    const slot = this.#count % this.#size
    this.#count += 1
    this.#addTexts(slot, record)
    this.#addNumbers(slot * numbersEach, record)
    const references = (this.#references[slot] ??= noReferences())
    references.kind = record.kind
    references.method = methods.get(record.method) ?? 'other'
    references.route = record.route
    references.worker = record.worker
    references.reason = record.reason
    references.upstream = record.upstream
    references.cause = record.cause === undefined ? null : causeText(record.cause).slice(0, longestCause)
    references.hasQuery = record.hasQuery
    references.isCut = record.path.length > pathBytes
  }

  /** The last request of that id. */
  find(id: string): RecentRequest | null {
    const wanted = Buffer.from(id, 'latin1')
    for (let index = this.#count - 1; index >= this.#oldest; index--) {
      const slot = index % this.#size
      const from = slot * textBytes
      if (this.#lengths[slot * 3] !== wanted.length) continue
      if (this.#texts.compare(wanted, 0, wanted.length, from, from + wanted.length) === 0)
        return this.#read(slot)
    }
    return null
  }

  /** The last ones, newest first. */
  latest(count: number): readonly RecentRequest[] {
    const length = Math.min(count, this.#count - this.#oldest)
    return Array.from({ length }, (_, index) => this.#read((this.#count - 1 - index) % this.#size))
  }

  /** When the oldest request that is remembered ended, monotonic milliseconds; null = nothing was forgotten yet. */
  get reachesBackTo(): number | null {
    if (this.#count <= this.#size) return null
    return this.#numbers[(this.#oldest % this.#size) * numbersEach + endedAt] ?? null
  }

  get #oldest(): number {
    return Math.max(0, this.#count - this.#size)
  }

  #addTexts(slot: number, { id, path, client }: RecentRecord): void {
    const at = slot * textBytes
    this.#lengths[slot * 3] = this.#texts.write(id, at, idBytes, 'latin1')
    this.#lengths[slot * 3 + 1] = this.#texts.write(path, at + idBytes, pathBytes, 'latin1')
    this.#lengths[slot * 3 + 2] = this.#texts.write(client, at + idBytes + pathBytes, clientBytes, 'latin1')
  }

  #addNumbers(at: number, record: RecentRecord): void {
    const numbers = this.#numbers
    numbers[at + startedAt] = record.startedAt
    numbers[at + endedAt] = record.endedAt
    numbers[at + ttfbMs] = record.ttfbMs ?? -1
    numbers[at + heldMs] = record.heldMs
    numbers[at + bytesIn] = record.bytesIn
    numbers[at + bytesOut] = record.bytesOut
    numbers[at + status] = record.status
    numbers[at + attempts] = record.attempts
    numbers[at + generation] = record.generation
  }

  #read(slot: number): RecentRequest {
    const references = this.#references[slot] ?? noReferences()
    const number = (place: number): number => this.#numbers[slot * numbersEach + place] ?? 0
    const text = (place: number, offset: number): string => {
      const from = slot * textBytes + offset
      return this.#texts.toString('latin1', from, from + (this.#lengths[slot * 3 + place] ?? 0))
    }
    const path = text(1, idBytes) + (references.isCut ? '…' : '')
    return {
      request_id: text(0, 0),
      kind: references.kind,
      method: references.method,
      path: pathText({ path, hasQuery: references.hasQuery }),
      client: text(2, idBytes + pathBytes),
      route: references.route,
      worker: references.worker,
      generation: number(generation) || null,
      upstream: references.upstream === null ? null : addressText(references.upstream),
      attempts: number(attempts),
      status: number(status),
      reason: references.reason,
      started_at: new Date(performance.timeOrigin + number(startedAt)).toISOString(),
      ended_at: new Date(performance.timeOrigin + number(endedAt)).toISOString(),
      duration_ms: rounded(number(endedAt) - number(startedAt)),
      ttfb_ms: number(ttfbMs) < 0 ? null : rounded(number(ttfbMs)),
      held_ms: rounded(number(heldMs)),
      bytes_in: number(bytesIn),
      bytes_out: number(bytesOut),
      error: references.cause,
    }
  }
}

/** Methods by themselves: the text of a request is a piece of its head. */
const methods = new Map(
  ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'TRACE'].map((name) => [
    name,
    name,
  ]),
)

function noReferences(): References {
  return {
    kind: 'http',
    method: '',
    route: '',
    worker: null,
    reason: '',
    upstream: null,
    cause: null,
    hasQuery: false,
    isCut: false,
  }
}

function addressText(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}
