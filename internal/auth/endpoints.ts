/** The gateway's own pages for signing in and out: `auth.prefix`, `/auth/login`, `/auth/logout`. */

import type { Failure } from '../fault/failure.ts'
import type { AccessRequest } from './credential.ts'

/** An answer of the gateway. */
export interface GatewayAnswer {
  readonly status: number
  /** `Name: value\r\n` lines, Content-Type among them when there is a body. */
  readonly lines: string
  readonly body: string | Buffer
}

/** Reads the request's body; more than `maxBytes` are a failure, and so is one that does not arrive. */
export type BodyReading = (maxBytes: number) => Promise<Buffer | Failure>

/** What is reserved while login is on, and who answers it. */
export interface LoginEndpoints {
  /** Paths below the root path, as segments, that are reserved with everything below them. */
  readonly reserved: readonly (readonly string[])[]
  /** Where a browser that is not signed in is sent. @param target path and query it asked for */
  startLocation(target: string): string
  /** Answers. A {@link Failure} is rendered as every other. */
  answer(
    request: AccessRequest,
    readBody: BodyReading,
  ): GatewayAnswer | Failure | Promise<GatewayAnswer | Failure>
}
