/** The gateway's end of the control socket: HTTP with JSON on a Unix socket that only its own account can open. */

import { chmodSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import type { Problem } from '../fault/startup.ts'
import type { Audit } from '../log/audit.ts'
import type { Logger } from '../log/types.ts'
import { endpointOf } from '../worker/runtime-dir.ts'
import type { ControlTarget } from './control.ts'
import { ControlVerbs, refuse } from './verbs.ts'

/** What a control server is made from. */
export interface ControlParts {
  /** `RuntimeDir.socketPath('control')`: at most 107 bytes, in a directory of mode 0700. */
  readonly path: string
  readonly target: ControlTarget
  readonly logger: Logger
  readonly audit: Audit
}

/** Listens until closed. Stop it last: `fluxlit stop` follows the end of the gateway over it. */
export class ControlServer {
  /** Path of the socket, mode 0600. */
  readonly path: string
  readonly #verbs: ControlVerbs
  readonly #logger: Logger
  readonly #server: Server
  readonly #answers = new Set<ServerResponse>()
  #closed: Promise<void> | null = null

  private constructor({ path, target, logger, audit }: ControlParts) {
    this.path = path
    this.#logger = logger
    this.#verbs = new ControlVerbs(target, logger, audit)
    this.#server = createServer({ requestTimeout: 10_000 }, (request, response) => {
      void this.#accept(request, response)
    })
  }

  /** Listens, or says why it cannot: the problem `control_socket`. */
  static async open(parts: ControlParts): Promise<ControlServer | Problem> {
    const control = new ControlServer(parts)
    const listening = Promise.withResolvers<void>()
    control.#server.once('error', listening.reject).once('listening', listening.resolve)
    control.#server.listen(endpointOf(parts.path))
    try {
      await listening.promise
      // Until here the directory alone kept others out.
      if (endpointOf(parts.path) === parts.path) chmodSync(parts.path, 0o600)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { code: 'control_socket', message: `the control socket cannot be opened: ${reason}` }
    }
    control.#server.on('error', (error) => parts.logger.warn({}, `control socket: ${error.message}`))
    return control
  }

  /** Ends open answers, which tells their clients that the gateway is gone, and removes the socket. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const response of this.#answers) response.end()
      this.#server.closeAllConnections()
    })
    return this.#closed
  }

  /** The same, now. Idempotent. */
  destroy(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #accept(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#answers.add(response)
    response.once('close', () => this.#answers.delete(response)).on('error', () => {})
    response.shouldKeepAlive = false
    try {
      await this.#verbs.obey(request, response)
    } catch (error) {
      // A client that left while it was still asking.
      if (request.destroyed && !request.complete) return
      const message = error instanceof Error ? error.message : String(error)
      this.#logger.error({ stack: error instanceof Error ? error.stack : undefined }, `control: ${message}`)
      refuse(response, 500, { code: 'internal', message })
    }
  }
}
