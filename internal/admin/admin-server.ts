/** A listener for operators: plain HTTP on an address of its own, or on a Unix socket that only its account can open. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { HostPort } from '../config/config.ts'
import type { Logger } from '../log/types.ts'
import { denialOf, type AccessRules } from './access.ts'
import { answerText, type Endpoint } from './endpoint.ts'

/** What an admin server is made of. */
export interface AdminServerParts {
  readonly at: HostPort | { readonly path: string }
  /** By path. */
  readonly endpoints: Readonly<Record<string, Endpoint>>
  /** Asked for every request, so that a reload changes them; null = whoever gets here may ask. */
  readonly rules: () => AccessRules | null
  readonly logger: Logger
}

/** Connections at the same time: operators, a few collectors, a probe or two. */
const mostConnections = 256

/** Milliseconds between two lines about denied requests: whoever tries passwords must not fill the log. */
const denialPaceMs = 10_000

/** Listens until closed. */
export class AdminServer {
  readonly #parts: AdminServerParts
  readonly #server: Server
  #deniedAt = Number.NEGATIVE_INFINITY

  private constructor(parts: AdminServerParts) {
    this.#parts = parts
    this.#server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
      void this.#accept(request, response)
    })
    this.#server.maxConnections = mostConnections
  }

  /** Binds; rejects with Node's error (`EADDRINUSE`, ...) when that fails. */
  static async open(parts: AdminServerParts): Promise<AdminServer> {
    const admin = new AdminServer(parts)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // `::` without a host: Node takes IPv4 alone where the kernel has no IPv6.
    const at = 'host' in parts.at && parts.at.host === '::' ? { port: parts.at.port } : parts.at
    admin.#server.once('error', reject).once('listening', resolve).listen(at)
    await promise
    admin.#server.on('error', (error) => parts.logger.warn({}, `admin listener: ${error.message}`))
    return admin
  }

  /** `http://127.0.0.1:9464`, or `unix:/path`. */
  get url(): string {
    const address = this.#server.address()
    if (address === null) throw new Error('the admin listener is not bound')
    if (typeof address === 'string') return `unix:${address}`
    const host = address.address.includes(':') ? `[${address.address}]` : address.address
    return `http://${host}:${address.port}`
  }

  /** Ends everything; answers that are being written are cut. Idempotent. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #accept(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {})
    for (const [name, value] of headers) response.setHeader(name, value)
    try {
      await this.#answer(request, response)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#parts.logger.error(
        { stack: error instanceof Error ? error.stack : undefined },
        `admin: ${message}`,
      )
      if (response.headersSent) response.destroy()
      else answerText(response, 500, 'This is a bug in FluxLit; the log has more.')
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { endpoints, rules } = this.#parts
    const path = request.url?.split('?')[0] ?? ''
    const endpoint = Object.hasOwn(endpoints, path) ? endpoints[path] : undefined
    const demanded = endpoint?.isOpen === true ? null : rules()
    const denial = demanded === null ? null : denialOf(request, demanded)
    if (denial !== null) {
      this.#tellDenied(request, denial.status)
      for (const [name, value] of Object.entries(denial.headers)) response.setHeader(name, value)
      return answerText(response, denial.status, denial.message)
    }
    if (endpoint === undefined)
      return answerText(response, 404, `There is no such address here. ${Object.keys(endpoints).join(' ')}`)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      return answerText(response, 405, 'Only GET is understood.')
    }
    await endpoint.answer(request, response)
  }

  #tellDenied({ socket }: IncomingMessage, status: number): void {
    const now = performance.now()
    if (now - this.#deniedAt < denialPaceMs) return
    this.#deniedAt = now
    this.#parts.logger.warn({ client: socket.remoteAddress, status }, 'admin: a request was denied')
  }
}

/** Nothing here is for other pages, for frames, or for later. */
const headers: readonly (readonly [string, string])[] = [
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
]
