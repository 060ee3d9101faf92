/**
 * Calls of the gateway itself: to identity providers, for their keys, to Redis. They go through `[outbound]`; nothing
 * that is asked of a worker does.
 *
 * It has the form of `fetch`, which libraries take, without its client: node:http knows proxies and own certificates.
 */

import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { getCACertificates } from 'node:tls'

import type { OutboundConfig } from '../config/login-types.ts'

/** What is sent; the part of `RequestInit` that libraries use. */
export interface OutboundInit {
  readonly method?: string
  readonly headers?: ConstructorParameters<typeof Headers>[0]
  readonly body?: unknown
}

/** What {@link Outbound} is made with. */
export interface OutboundOptions {
  readonly config: OutboundConfig
  readonly env: Readonly<Record<string, string | undefined>>
  /** How long an answer may take from beginning to end, in milliseconds. */
  readonly timeoutMs: number
}

/** No provider has more to say at once. */
const mostBytes = 1024 * 1024

/** Always reached directly: what is on this machine is not behind the company's proxy. */
const loopback = 'localhost,127.0.0.1,::1'

/** A client for calls that leave. */
export class Outbound {
  /** Certificates that are trusted, in PEM form. */
  readonly ca: readonly string[]
  readonly #http: HttpAgent
  readonly #https: HttpsAgent
  readonly #timeoutMs: number

  /** @throws Error when `ca_file` cannot be read */
  constructor({ config, env, timeoutMs }: OutboundOptions) {
    this.ca = trustedCertificates(config)
    this.#timeoutMs = timeoutMs
    const proxyEnv = proxyVariables(config, env)
    const shared = { keepAlive: true, maxSockets: 16, proxyEnv }
    this.#http = new HttpAgent(shared)
    this.#https = new HttpsAgent({ ...shared, ca: [...this.ca] })
  }

  /**
   * As `fetch`, without following redirects. A failure to get an answer is a TypeError with its cause, as there; one that
   * does not come in time is a DOMException `TimeoutError`.
   */
  readonly fetch = (url: string | URL, init: OutboundInit = {}): Promise<Response> => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const target = new URL(url)
    const [send, agent] =
      target.protocol === 'https:' ? [httpsRequest, this.#https] : [httpRequest, this.#http]
    const body = bodyOf(init.body)
    const headers = Object.fromEntries(new Headers(init.headers))
    if (body !== null) headers['content-length'] = String(body.length)
    const request = send(target, { method: init.method ?? 'GET', headers, agent }, (answer) => {
      collect(answer).then((bytes) => resolve(responseOf(answer, bytes)), reject)
    })
    const late = deadline(this.#timeoutMs, () => {
      const error = new DOMException('no complete answer in time', 'TimeoutError')
      reject(error)
      request.destroy(error)
    })
    request.on('error', (error) => reject(new TypeError('the call failed', { cause: error })))
    request.end(body ?? undefined)
    return promise.finally(() => late.clear())
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}

/**
 * A timer that looks once more. A process that was stopped for a while finds its timers over before it reads what has
 * long arrived; a provider's answer to a refresh must not be thrown away for that.
 */
function deadline(ms: number, late: () => void): { clear(): void } {
  let timer = setTimeout(() => {
    timer = setTimeout(late, 250)
  }, ms)
  return { clear: () => clearTimeout(timer) }
}

/** Certificates that are trusted, in PEM form. @throws Error when `ca_file` cannot be read */
export function trustedCertificates({ caFile, systemCa }: OutboundConfig): readonly string[] {
  const all = new Set(getCACertificates('bundled'))
  if (systemCa) for (const one of getCACertificates('system')) all.add(one)
  for (const one of getCACertificates('extra')) all.add(one)
  if (caFile !== null) all.add(readFileSync(caFile, 'utf8'))
  return [...all]
}

function proxyVariables(
  { proxy, noProxy }: OutboundConfig,
  env: Readonly<Record<string, string | undefined>>,
): NodeJS.ProcessEnv {
  if (proxy.kind === 'none') return {}
  const given = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? ''
  const direct = [noProxy === '' ? given('NO_PROXY') : noProxy, loopback].filter((text) => text !== '')
  if (proxy.kind === 'url') {
    const url = proxy.url.reveal()
    return { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: direct.join(',') }
  }
  return { HTTP_PROXY: given('HTTP_PROXY'), HTTPS_PROXY: given('HTTPS_PROXY'), NO_PROXY: direct.join(',') }
}

function bodyOf(body: unknown): Buffer | null {
  if (body === undefined || body === null) return null
  if (typeof body === 'string' || body instanceof URLSearchParams) return Buffer.from(String(body))
  if (body instanceof Uint8Array) return Buffer.from(body)
  throw new TypeError('only texts and bytes are sent')
}

async function collect(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of answer) {
    if (!(piece instanceof Buffer)) continue
    size += piece.length
    if (size > mostBytes) throw new TypeError(`the answer is larger than ${mostBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function responseOf({ statusCode = 0, headers }: IncomingMessage, bytes: Buffer): Response {
  const fields = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) fields.append(name, one)
  }
  const bodyless = statusCode === 204 || statusCode === 205 || statusCode === 304
  if (statusCode < 200 || statusCode > 599) throw new TypeError(`an answer with status ${statusCode}`)
  return new Response(bodyless ? null : new Uint8Array(bytes), { status: statusCode, headers: fields })
}
