/** What a request shows of who sent it, and what came of looking at it. */

import type { RoutedWorker } from '../config/config.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Head } from '../exchange/head.ts'
import type { Failure } from '../fault/failure.ts'
import type { Identity } from './identity.ts'

/** One request or handshake on its way to a worker, or to an endpoint of the gateway. */
export interface AccessRequest {
  readonly exchange: Exchange
  readonly head: Head
  /** Path as sent, without query; starts with `/`. */
  readonly path: string
  /** `''` or `?...` as sent. */
  readonly query: string
  /** The path below the root path, segments decoded once; the first of {@link readings}. */
  readonly segments: readonly string[]
  /** Every way to read the path; all lead to the same worker. */
  readonly readings: readonly (readonly string[])[]
  /** Where it goes; null for an endpoint of the gateway. */
  readonly worker: WorkerPlace | null
  /** Whether it came over the workers' own listener. */
  readonly internal: boolean
  /** Set when a socket that is open is judged again, to whose it is: nobody need be there for it. */
  readonly recheck?: Identity
}

/** The worker a request goes to. */
export interface WorkerPlace {
  readonly name: string
  readonly kind: RoutedWorker['kind']
  /** The path below the mount. */
  readonly below: readonly string[]
}

/**
 * Whether `[auth.headers] upstream_authorization` is for this worker: an API. A page that prints the headers of its socket
 * would print the token, and the one of its socket could not be renewed.
 */
export function takesAuthorization(worker: WorkerPlace | null): boolean {
  return worker !== null && (worker.kind === 'uvicorn' || worker.kind === 'http')
}

/**
 * What one mode says of a request. `none` lets the next mode look; every other answer is final: a bad credential never
 * falls through to another one.
 */
export type Credential =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'identity'
      readonly identity: Identity
      /** `Name: value\r\n` lines for the answer, such as a cookie that was renewed. */
      readonly answerLines?: string
    }
  | {
      readonly kind: 'rejected'
      readonly failure: Failure
      /** Value of `WWW-Authenticate`. */
      readonly challenge?: string
      /** `Name: value\r\n` lines for the answer, such as a cookie that is taken back. */
      readonly answerLines?: string
      /** The credential has only run out: who may sign in again is sent there as if there had been none. */
      readonly expired?: boolean
    }
  | {
      /** Nobody can say at the moment: 503, and whatever the client has stays good. */
      readonly kind: 'unavailable'
      readonly failure: Failure
    }

/** No credential of this mode. */
export const noCredential: Credential = { kind: 'none' }

/** One mode. Asked in a fixed order: handle, jwt, basic, proxy, oidc, dev. */
export interface Authenticator {
  readonly mode: 'jwt' | 'basic' | 'handle' | 'proxy' | 'oidc' | 'dev'
  /** Which listener's requests it looks at. */
  readonly listeners: 'public' | 'internal' | 'both'
  /** A promise only where the answer is not known yet. */
  authenticate(request: AccessRequest): Credential | Promise<Credential>
}
