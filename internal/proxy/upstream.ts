/** One process of a worker as the request path sees it: its address, and the connections to it. */

import type { Address } from '../config/config.ts'
import type { ClientConnection, ClientLimits } from '../http1/client-connection.ts'
import { Pool } from '../http1/pool.ts'

/** Time limits and sizes of the connections to a worker. */
export interface UpstreamOptions extends ClientLimits {
  /** Largest number of requests in flight. */
  readonly maxInFlight: number
}

/** One address requests can be sent to. */
export class Upstream {
  readonly address: Address
  /** Requests being answered; kept by the request path. */
  inFlight = 0
  readonly #pool: Pool
  readonly #maxInFlight: number

  constructor(address: Address, options: UpstreamOptions) {
    this.address = address
    this.#maxInFlight = options.maxInFlight
    this.#pool = new Pool(address, options)
  }

  /** Whether it has as many requests as it may have. */
  get isFull(): boolean {
    return this.#maxInFlight > 0 && this.inFlight >= this.#maxInFlight
  }

  /** A connection for one request. */
  connection(forTunnel: boolean): ClientConnection {
    return forTunnel ? this.#pool.openForTunnel() : this.#pool.take()
  }

  /** Lets requests in flight finish, then closes the connections. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  /** Ends everything now. */
  destroy(): void {
    this.#pool.destroy()
  }
}
