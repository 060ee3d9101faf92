/** What authorisation says of one request. */

import type { Passage } from '../exchange/exchange.ts'
import type { Failure } from '../fault/failure.ts'
import type { Identity } from './identity.ts'

/** What follows. */
export type Decision =
  | {
      readonly kind: 'allow'
      /** Null = the address is open and nobody was asked. */
      readonly identity: Identity | null
      readonly passage: Passage
    }
  | {
      readonly kind: 'redirect'
      readonly location: string
      /** `Name: value\r\n` lines: cookies. */
      readonly lines: string
    }
  | {
      readonly kind: 'deny'
      readonly failure: Failure
    }
  | {
      /** A CORS preflight, which carries no credential, is answered in the worker's stead. */
      readonly kind: 'preflight'
      readonly lines: string
    }

/** Refuses. */
export function deny(failure: Failure): Decision {
  return { kind: 'deny', failure }
}
