/**
 * Where sessions are kept. A store sees names that are digests and records that are sealed: what is stolen from it is
 * of no use without the cookie and the gateway's secret.
 *
 * No answer and "no such session" are different things: a store that cannot be reached throws
 * {@link StoreUnavailable}, and nobody is signed out by it.
 */

import type { Allowance } from '../rate.ts'

/** One session as the store has it. Times are wall-clock milliseconds: stores are shared between machines. */
export interface StoredSession {
  readonly sealed: Buffer
  /** Goes up with every change; a writer that had an older turn than the last one is refused. */
  readonly fence: number
  /** The session ends here, whatever happens. */
  readonly expiresAt: number
  /** And here unless it is used before. */
  readonly idleAt: number
}

/** A new session. */
export interface NewSession extends Omit<StoredSession, 'fence'> {
  /** What operators may know of it, sealed without its id, which the cookie alone has. */
  readonly about: Buffer
  /** Digests under which {@link SessionStore.find} gives it: of `iss|sid`, of `iss|sub`. */
  readonly indexes: readonly string[]
}

/** A session as operators find it. */
export interface ListedSession extends Pick<StoredSession, 'expiresAt' | 'idleAt'> {
  readonly key: string
  /** Null = by a version that kept none. */
  readonly about: Buffer | null
}

/** Why a session ended. */
export type SessionEnd =
  | 'signed_out'
  | 'provider_signed_out'
  | 'expired'
  | 'idle'
  /** The provider takes its refresh token no more, or it no longer passes the gate. */
  | 'revoked'
  | 'replaced'
  /** Somebody who runs the gateway ended it. */
  | 'ended_by_operator'

/** The right to change one session's record, for a time. */
export interface Turn {
  /** Higher than that of every turn of this session before. */
  readonly fence: number
}

/**
 * Told of sessions that were removed, here or on another gateway; null = some may have been, nobody knows which (the
 * connection to the store was interrupted).
 */
export type RemovalListener = (key: string | null, why: SessionEnd) => void

/** Reads why a session ended; signing out where it is not said. */
export function sessionEnd(text: string | undefined): SessionEnd {
  return ends.find((end) => end === text) ?? 'signed_out'
}

const ends: readonly SessionEnd[] = [
  'provider_signed_out',
  'expired',
  'idle',
  'revoked',
  'replaced',
  'ended_by_operator',
]

/** A turn that would last longer than this was taken by a clock that has since been set back. */
export const longestTurnMs = 10 * 60_000

/** What a store can do. Every method may throw {@link StoreUnavailable}. */
export interface SessionStore {
  get(key: string): Promise<StoredSession | null> | StoredSession | null
  create(key: string, session: NewSession): Promise<void>
  /**
   * Replaces the record of a session that exists, as whoever has this turn or a later one than the last writer.
   * @returns false when it is gone, or somebody with a later turn has written meanwhile
   */
  replace(key: string, fence: number, sealed: Buffer): Promise<boolean>
  /** Moves the idle end of a session that exists. */
  touch(key: string, idleAt: number): Promise<void>
  /** @returns whether there was one; listeners everywhere are told then, and why */
  remove(key: string, why: SessionEnd): Promise<boolean>
  /** Keys of the sessions under an index. */
  find(index: string): Promise<readonly string[]>
  /** The right to refresh a session that exists, unless somebody has it. It ends by itself after `ttlMs`. */
  takeTurn(key: string, ttlMs: number): Promise<Turn | null>
  /** Whether the turn is still ours; if so it lasts `ttlMs` from now. */
  keepTurn(key: string, turn: Turn, ttlMs: number): Promise<boolean>
  endTurn(key: string, turn: Turn): Promise<void>
  /** True the first time within `ttlMs` that anybody asks for this name. */
  once(name: string, ttlMs: number): Promise<boolean>
  /**
   * Takes one of what is allowed under a name, for all gateways together, or only looks whether there is one; a store of
   * one process has no such thing.
   * @returns milliseconds until there is one; 0 = there is, and it was taken unless `taken` is 0
   */
  askRate?(name: string, allowance: Allowance, taken: 0 | 1): Promise<number>
  /** All sessions, for operators: those that begin or end meanwhile may be missing. */
  list(): Promise<readonly ListedSession[]>
  /** Sessions there are, for people; an estimate. */
  count(): Promise<number>
  /** @returns ends the telling */
  onRemoved(listener: RemovalListener): () => void
  close(): Promise<void>
}

/** The store does not answer. Sessions are neither confirmed nor denied. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** Whether a record is to be treated as absent. */
export function isOver(
  { expiresAt, idleAt }: Pick<StoredSession, 'expiresAt' | 'idleAt'>,
  now: number,
): boolean {
  return now >= expiresAt || now >= idleAt
}
