/** The vocabulary of message heads, requests and answers alike (RFC 9112 2). */

/** How the end of a message body is known (RFC 9112 6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** Answers only: the body ends with the connection. */
  | { readonly kind: 'close' }

/** No body follows the head. */
export const noBody: Framing = { kind: 'none' }
/** The body comes in chunks. */
export const chunkedBody: Framing = { kind: 'chunked' }
/** The body ends with the connection. */
export const untilClose: Framing = { kind: 'close' }

/** Sizes above which a head is refused. */
export interface HeadLimits {
  /** Whole head, in bytes. */
  readonly headerBytes: number
  /** Field lines. */
  readonly headerCount: number
  /** Request target, in bytes. */
  readonly targetBytes: number
}

/** A request head that is valid HTTP/1.1; what its fields mean is for others to say. */
export interface RequestHead {
  readonly method: string
  /** The request target as sent: visible ASCII. */
  readonly target: string
  readonly minor: 0 | 1
  /** Flat name, value list in order, names as sent, values without the white space around them. */
  readonly fields: readonly string[]
  readonly framing: Framing
  /** Lower-case tokens of `Connection`. */
  readonly connection: readonly string[]
}

/** A head of an answer that is valid HTTP/1.1. */
export interface AnswerHead {
  readonly status: number
  readonly minor: 0 | 1
  /** Flat name, value list in order, names as sent. */
  readonly fields: readonly string[]
  readonly framing: Framing
  /** Lower-case tokens of `Connection`. */
  readonly connection: readonly string[]
  /** There is no body, but the head speaks of one (HEAD, 204, 304): what follows it may be that body after all. */
  readonly mayOverrun: boolean
}

/** No tokens. */
export const noTokens: readonly string[] = []
