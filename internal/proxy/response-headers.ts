/**
 * What every answer of a route says besides what the worker says, decided at start. While an answer's head is
 * copied, {@link RouteHeaders.judge} says of each field whether it travels on and which of our fields it makes
 * unnecessary; at the end {@link RouteHeaders.block} has the text to append. Nothing is built per answer.
 */

import type { Config, HeaderRules, Hsts } from '../config/config.ts'
import type { AnswerHead } from '../http1/head.ts'

/** What {@link RouteHeaders.judge} says of a field that does not travel on; any other verdict is a set of bits. */
export const dropped = -1

/** Scheme of the public request. */
export type Scheme = 'http' | 'https'

/** What an answer became under the rules of a route, for when the engine gives the same one again. */
export interface FilteredAnswer {
  readonly answer: AnswerHead
  readonly scheme: Scheme
  /** `Name: value\r\n` lines for the client, without the request id. */
  readonly lines: string
  readonly mediaType: string
}

/** The rules of every route. */
export interface ResponseHeaderRules {
  /** For what the gateway answers itself. */
  readonly own: RouteHeaders
  /** For the answers of a worker; those of {@link own} when there is none of this name. */
  of(worker: string): RouteHeaders
}

/** Compiles the rules; once per configuration. */
export function compileResponseHeaders(
  config: Pick<Config, 'headers' | 'publicBaseUrl'>,
): ResponseHeaderRules {
  // Behind a proxy that ends TLS and is not trusted to say so, the configuration still knows.
  const always = config.publicBaseUrl.startsWith('https://')
  const own = new RouteHeaders(config.headers.general, always)
  const workers = new Map(
    Object.entries(config.headers.workers).map(([name, rules]) => [name, new RouteHeaders(rules, always)]),
  )
  return { own, of: (worker) => workers.get(worker) ?? own }
}

/** Our fields that give way to the worker's own, as bits. */
const bit = { hsts: 1, contentType: 2, referrer: 4, frames: 8 } as const
const combinations = 16

const yielding: ReadonlyMap<string, number> = new Map([
  ['strict-transport-security', bit.hsts],
  ['x-content-type-options', bit.contentType],
  ['referrer-policy', bit.referrer],
  ['x-frame-options', bit.frames],
])

const policy = 'content-security-policy'

/** One of our fields, and whether it is left out. */
interface Line {
  readonly name: string
  readonly value: string
  /** Left out when one of these is said; 0 = never. */
  readonly bits: number
  /** Left out on plain HTTP (RFC 6797 7.2). */
  readonly secure: boolean
}

/** The rules of one route. */
export class RouteHeaders {
  /** Lower-case names that do not travel on, however often the worker says them. */
  readonly drops: ReadonlySet<string>
  /** What the answer before became; kept here for {@link incomingHead}, which alone looks at it. */
  last: FilteredAnswer | null = null
  /** Lengths of the names that matter: most fields are passed without a look at their letters. */
  readonly #lengths: Uint8Array
  readonly #lines: readonly Line[]
  /** What `set` and `remove` decide: nothing of ours competes with it. */
  readonly #decided: number
  readonly #blocks: Readonly<Record<Scheme, readonly string[]>>

  /** @param alwaysSecure browsers come over https whatever the last hop looks like */
  constructor(rules: HeaderRules, alwaysSecure: boolean) {
    const set = rules.set.map(([name, value]) => setLine(name, value))
    this.drops = new Set(['server', ...rules.remove, ...set.map(({ name }) => name.toLowerCase())])
    this.#lengths = lengthsOf([...this.drops, ...yielding.keys(), policy])
    this.#lines = [...set, ...defaultLines(rules)]
    this.#decided = decidedBy(rules)
    this.#blocks = {
      http: blocksOf(alwaysSecure ? this.#lines : this.#lines.filter(({ secure }) => !secure), this.#decided),
      https: blocksOf(this.#lines, this.#decided),
    }
  }

  /**
   * Judges one field of an answer.
   * @param name in any case
   * @returns {@link dropped}, or bits to be collected (`|=`) for {@link block}; 0 for nearly every field
   */
  judge(name: string, value: string): number {
    if (this.#lengths[name.length] !== 1) return 0
    const lower = name.toLowerCase()
    return this.drops.has(lower) ? dropped : bitsOf(lower, value)
  }

  /** Field lines to append, each ended by CR LF, latin1; `said` = all verdicts together. */
  block(scheme: Scheme, said: number): string {
    return this.#blocks[scheme][said] ?? ''
  }

  /** A whole head at once, for the gateway's own answers. @param fields flat name, value list; not changed */
  complete(fields: readonly string[], scheme: Scheme): string[] {
    const out: string[] = []
    let said = 0
    for (let i = 0; i < fields.length; i += 2) {
      const [name = '', value = ''] = [fields[i], fields[i + 1]]
      const verdict = this.judge(name, value)
      if (verdict === dropped) continue
      said |= verdict
      out.push(name, value)
    }
    for (const line of this.block(scheme, said).split('\r\n')) {
      const colon = line.indexOf(': ')
      if (colon > 0) out.push(line.slice(0, colon), line.slice(colon + 2))
    }
    return out
  }
}

function bitsOf(lower: string, value: string): number {
  // Several policies hold together, so only one about frames stands against ours (CSP Level 3 8.1).
  if (lower === policy) return /\bframe-ancestors\b/i.test(value) ? bit.frames : 0
  return yielding.get(lower) ?? 0
}

function decidedBy({ set, remove }: HeaderRules): number {
  const bySet = set.map(([name, value]) => bitsOf(name.toLowerCase(), value))
  const byRemove = remove.map((name) => yielding.get(name) ?? 0)
  return [...bySet, ...byRemove].reduce((all, bits) => all | bits, 0)
}

function setLine(name: string, value: string): Line {
  return { name, value, bits: 0, secure: name.toLowerCase() === 'strict-transport-security' }
}

function defaultLines({ hsts, contentTypeOptions, referrerPolicy, frames }: HeaderRules): readonly Line[] {
  const lines: Line[] = []
  const add = (name: string, value: string, bits: number): void => {
    lines.push({ name, value, bits, secure: bits === bit.hsts })
  }
  if (hsts !== null) add('Strict-Transport-Security', hstsValue(hsts), bit.hsts)
  if (contentTypeOptions) add('X-Content-Type-Options', 'nosniff', bit.contentType)
  if (referrerPolicy !== '') add('Referrer-Policy', referrerPolicy, bit.referrer)
  if (frames.kind === 'options') add('X-Frame-Options', frames.value, bit.frames)
  if (frames.kind === 'ancestors')
    add('Content-Security-Policy', `frame-ancestors ${frames.sources.join(' ')}`, bit.frames)
  return lines
}

function hstsValue({ maxAgeS, includeSubdomains, preload }: Hsts): string {
  return `max-age=${maxAgeS}${includeSubdomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
}

/** One text for every set of bits. */
function blocksOf(lines: readonly Line[], decided: number): readonly string[] {
  return Array.from({ length: combinations }, (_, said) =>
    lines
      .filter(({ bits }) => (bits & (said | decided)) === 0)
      .map(({ name, value }) => `${name}: ${value}\r\n`)
      .join(''),
  )
}

function lengthsOf(names: readonly string[]): Uint8Array {
  const lengths = new Uint8Array(Math.max(...names.map(({ length }) => length)) + 1)
  for (const { length } of names) lengths[length] = 1
  return lengths
}
