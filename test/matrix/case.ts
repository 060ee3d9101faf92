/**
 * What the byte matrix is made of. A case is text, one character per byte (latin1), and what must come of it; who
 * reads it knows nothing of how a gateway is built.
 */

/** How the gateway of a case is configured; see `settings` in place.ts. */
export type Setting = 'plain' | 'trusting' | 'named hosts'

/** Values of fields in lower case; several for a field that must arrive in several lines. */
export type Fields = Readonly<Record<string, string | readonly string[]>>

/** A request as a worker must see it. Every field that is not named here or set by the gateway is one too many. */
export interface Expected {
  /** The request line. */
  readonly start: string
  /** Fields of the client that travel on. */
  readonly fields?: Fields
  readonly body?: string
  /**
   * How the end of the body is marked: `any` = by a length or in chunks, `maybe` = by nothing or a length of 0.
   * Default: `none` without a body, `any` with one.
   */
  readonly framing?: 'none' | 'maybe' | 'length' | 'any'
  /** It asks for a WebSocket. */
  readonly upgrades?: true
  /** Host, and so `X-Forwarded-Host`; null = the gateway's own address. Default: `a`. */
  readonly host?: string | null
  /** Values of the gateway's own fields that differ from its usual ones. */
  readonly own?: Fields
}

/** The connection of the client after the last answer. */
export type Connection = 'open' | 'closed' | 'either'

/** The status that refuses, the connection ends, and no byte reaches a worker. */
export interface Refused {
  readonly kind: 'refused'
  readonly statuses: readonly number[]
}

/** Noticed when the head may be on its way already: nothing or such a status, the end, and no complete request. */
export interface Broken {
  readonly kind: 'broken'
  readonly statuses: readonly number[]
}

/** Answered by the gateway itself; no byte reaches a worker. */
export interface Answered {
  readonly kind: 'answered'
  readonly status: number
}

/** Exactly these requests reach a worker, one after the other, and each gets its own answer. */
export interface Forwarded {
  readonly kind: 'forwarded'
  readonly requests: readonly Expected[]
  /** Status of the answers. */
  readonly status: number
  readonly connection: Connection
  /** What may come of it instead. */
  readonly or?: Refused | Broken
}

/** A WebSocket: the handshake reaches a worker, and a message of the client comes back as the worker's. */
export interface Upgraded {
  readonly kind: 'upgraded'
  readonly request: Expected
}

/** What must come of a request. */
export type Outcome = Refused | Broken | Answered | Forwarded | Upgraded

/** One row of the matrix. */
export interface RequestCase {
  /** Group and number of the row, and a letter for its variant: `T23b`. */
  readonly id: string
  /** What is special about it. */
  readonly title: string
  readonly bytes: string
  readonly outcome: Outcome
  /** Where the requirement comes from. */
  readonly source: string
  readonly setting?: Setting
  /** Bytes that the client sends only after it was told to continue. */
  readonly afterContinue?: string
  /** The client ends its side behind the bytes. */
  readonly ends?: true
}

/** Statuses that refuse. */
export function refused(...statuses: readonly number[]): Refused {
  return { kind: 'refused', statuses }
}

/** Statuses of a refusal that may come too late to keep the head from the worker. */
export function broken(...statuses: readonly number[]): Broken {
  return { kind: 'broken', statuses }
}

/** A status of the gateway's own. */
export function answered(status: number): Answered {
  return { kind: 'answered', status }
}

/** One request at the worker, 200, and a connection that goes on, unless told otherwise. */
export function forwarded(
  request: Expected | readonly Expected[],
  rest: Partial<Pick<Forwarded, 'status' | 'connection' | 'or'>> = {},
): Forwarded {
  const requests = 'start' in request ? [request] : request
  return { kind: 'forwarded', requests, status: 200, connection: 'open', ...rest }
}

/** `GET path` at the worker. */
export function plain(path = '/x', fields: Fields = {}, rest: Partial<Expected> = {}): Forwarded {
  return forwarded({ start: `GET ${path} HTTP/1.1`, fields, ...rest })
}

/** `POST /x` with this body at the worker. */
export function posted(body: string, fields: Fields = {}, rest: Partial<Expected> = {}): Forwarded {
  return forwarded({ start: 'POST /x HTTP/1.1', body, fields, ...rest })
}
