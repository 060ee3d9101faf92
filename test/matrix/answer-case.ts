/** The other half of the matrix: what a worker answers, byte for byte, and what the client must see of it. */

import type { Connection, Fields } from './case.ts'

/** What a worker's answer must become. */
export type AnswerOutcome =
  /** Relayed: status, fields besides the gateway's own, body; `asked` again on the same connection or not. */
  | {
      readonly kind: 'relayed'
      readonly status: number
      readonly fields: Fields
      readonly body: string
      readonly client: Connection
      /** Whether the worker's connection may carry another request. */
      readonly worker: Connection
      /** A 502 will do as well. */
      readonly or502?: true
    }
  /** 502 from the gateway, and the worker's connection ends. */
  | { readonly kind: 'replaced' }
  /** The client must see that it is not complete; 502 as long as nothing of it was relayed. */
  | { readonly kind: 'cut' }

/** One row. */
export interface AnswerCase {
  readonly id: string
  readonly title: string
  /** What the client sends; `/x` is the address the answer is for. */
  readonly request: string
  /** What the worker sends. */
  readonly answer: string
  /** As soon as it has the request's head. */
  readonly early?: true
  /** What the worker does then. */
  readonly after: 'waits' | 'ends' | 'resets'
  readonly outcome: AnswerOutcome
  /** How often the worker is asked; once unless told otherwise. */
  readonly asked?: number
  readonly source: string
}

/** An answer that reaches the client. */
export function relayed(
  status: number,
  body: string,
  fields: Fields = {},
  rest: { readonly client?: Connection; readonly worker?: Connection; readonly or502?: true } = {},
): AnswerOutcome {
  return { kind: 'relayed', status, body, fields, client: 'open', worker: 'open', ...rest }
}

/** An answer that is none. */
export const replaced: AnswerOutcome = { kind: 'replaced' }

/** An answer that breaks off. */
export const cut: AnswerOutcome = { kind: 'cut' }
